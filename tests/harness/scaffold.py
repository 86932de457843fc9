"""Projects rendered from the working tree, and what it takes to run them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import copier

from pipelines.rehearsal.scaffold import snapshot

ROOT = Path(__file__).parents[2]
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "true"}
AUTHOR = ("-c", "user.name=Test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Platform:
    """A clone of the platform, with what is not committed here on top."""

    source: Path
    commit: str

    def render(self, target: Path, commit: str | None = None, **answers: Any) -> Path:
        """Render a project as `copier copy --vcs-ref` does, into a git repository."""
        commit = commit or self.commit
        copier.run_copy(str(self.source), target, data=answers, vcs_ref=commit, defaults=True, quiet=True)
        git(target, "init", "--quiet", "--initial-branch", "main")
        return commit_all(target, "Scaffold")


def snapshot_platform(target: Path) -> str:
    """Clone the working tree as it is, and return the full commit of the clone."""
    return snapshot(ROOT, target)


def commit_template(target: Path) -> str:
    """Commit what projects are rendered from and nothing else, which takes a fraction of the time of the whole.

    It is the second commit of the two: the first has nothing in it.
    """
    target.mkdir(parents=True)
    git(target, "init", "--quiet", "--initial-branch", "main")
    git(target, "commit", "--quiet", "--allow-empty", "--message", "Begin")
    for name in (".gitignore", "copier.yml"):
        shutil.copy(ROOT / name, target / name)
    shutil.copytree(ROOT / "templates", target / "templates", ignore=shutil.ignore_patterns("__pycache__"))
    commit_all(target, "Template")
    return git(target, "rev-parse", "HEAD")


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it printed."""
    done = subprocess.run(["git", *AUTHOR, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit_all(folder: Path, message: str) -> Path:
    """Commit everything in a folder, and return the folder."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return folder


def environment(**more: str) -> dict[str, str]:
    """Return the environment of a person who has uv, with this checkout's caches."""
    own = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "MAKEFLAGS", "CI"}}
    tools = ROOT / ".tools" / "uv" / "bin"
    cache = os.environ.get("UV_CACHE_DIR", str(ROOT / ".cache" / "uv"))
    caches = {"UV_CACHE_DIR": cache, "MYPY_CACHE_DIR": str(ROOT / ".cache" / "mypy")}
    return {**own, **QUIET, "PATH": f"{tools}{os.pathsep}{own['PATH']}", **caches, **more}


def run(folder: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a project, and return how it went; standard error is in `stdout` too."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
