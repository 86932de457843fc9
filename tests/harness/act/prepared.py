"""A scaffolded project, set up for jobs that have no network: its environments are what a cache would bring back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.scaffold import Platform, commit_all, run

if TYPE_CHECKING:
    from pathlib import Path


def prepare(platform: Platform, folder: Path) -> None:
    """Render a project into `<folder>/churn`, and set it up as connected to AWS; its first commit has the lock."""
    project = platform.render(folder / "churn")
    connected = project / "stack" / "dev.json"
    connected.write_text('{"uri": "s3://"}')
    _make(project, "setup")
    connected.unlink()
    commit_all(project, "Lock")
    _make(project, "sbom")


def _make(project: Path, target: str) -> None:
    """Make it as a job will, without network; once with it where the cache lacks something."""
    if run(project, "make", target, UV_OFFLINE="1").returncode:
        done = run(project, "make", target)
        assert 0 == done.returncode, done.stdout
