from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.harness.scaffold import Platform, environment

if TYPE_CHECKING:
    from pathlib import Path

FAKE_UV = """#!/bin/sh
echo "$@" >> uv.log
mkdir -p .stackwright/venv
"""


@pytest.fixture
def project(platform: Platform, tmp_path: Path) -> Path:
    """A project, with a uv that only writes down what it was asked."""
    project = platform.render(tmp_path / "churn")
    uv = project / "fake-uv"
    uv.write_text(FAKE_UV)
    uv.chmod(0o755)
    return project


def install(project: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Install the platform's command, as `make setup` does."""
    command = [sys.executable, "scripts/install_platform.py", "--uv", "./fake-uv"]
    return subprocess.run(command, cwd=project, env=environment(**more), capture_output=True, text=True, check=False)


def set_up(project: Path, field: str, value: str) -> None:
    """Change one field of `.stackwright.yaml`."""
    path = project / ".stackwright.yaml"
    lines = [f"{field}: {value}" if line.startswith(f"{field}:") else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")


def test_it_installs_exactly_the_revision_and_its_pins(platform: Platform, project: Path) -> None:
    """The checkout is at the full commit; only hashed pins of that checkout are installed."""
    done = install(project)

    head = (project / ".stackwright" / "platform" / ".git" / "HEAD").read_text().strip()
    asked = (project / "uv.log").read_text()
    assert (0, platform.commit) == (done.returncode, head), done.stderr
    assert "--require-hashes .stackwright/platform/requirements/runtime.txt" in asked
    assert "--no-deps --no-build-isolation --editable .stackwright/platform" in asked


def test_the_second_time_there_is_nothing_to_do(project: Path) -> None:
    """Nothing is fetched or installed again."""
    install(project)
    asked = (project / "uv.log").read_text()

    done = install(project, STACKWRIGHT_SOURCE="/nowhere")

    assert 0 == done.returncode, done.stderr
    assert asked == (project / "uv.log").read_text()


def test_another_revision_is_installed_anew(platform: Platform, project: Path) -> None:
    """An update of the project moves the command with it."""
    install(project)
    parent = subprocess.run(
        ["git", "rev-parse", "HEAD^"], cwd=platform.source, capture_output=True, text=True, check=False
    )
    if parent.returncode:
        pytest.skip("the history has one commit only")
    set_up(project, "revision", parent.stdout.strip())

    install(project)

    assert parent.stdout == (project / ".stackwright" / "platform" / ".git" / "HEAD").read_text()
    assert 6 == len((project / "uv.log").read_text().splitlines())


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("platform", "../platform", "`../platform` is a relative path"),
        ("platform", "/nowhere/platform", "/nowhere/platform does not hold"),
        ("revision", "1ba08e4", "`1ba08e4` is not a full commit"),
        ("revision", "0123456789" * 4, "does not hold 0123456789"),
        ("revision", "null", "`None` is not a full commit"),
    ],
)
def test_a_platform_that_cannot_be_had_is_said(project: Path, field: str, value: str, said: str) -> None:
    """File, field, value; and no half-made environment is left that passes for a whole one."""
    set_up(project, field, value)

    done = install(project)

    assert 1 == done.returncode
    assert done.stderr.startswith(".stackwright.yaml: ")
    assert said in done.stderr
    assert not (project / ".stackwright" / "venv").exists()


def test_one_variable_overrides_the_source_alone(platform: Platform, project: Path) -> None:
    """A mirror serves the same commit."""
    set_up(project, "platform", "https://example.invalid/platform.git")

    done = install(project, STACKWRIGHT_SOURCE=str(platform.source))

    assert 0 == done.returncode, done.stderr
