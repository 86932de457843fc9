"""`make update`: which commit of the platform a project is moved to, and that it gets there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.project import Settings
from stacks.load import load
from tests.harness.git_http import private_repository
from tests.harness.scaffold import Platform, commit_all, commit_template, environment, git
from tests.templates.test_install_platform import TOKEN, everything_in, install, set_up


@pytest.fixture
def versions(tmp_path: Path) -> tuple[Platform, list[str]]:
    """A platform and three of its commits, the last one at its tip."""
    source = tmp_path / "platform"
    commits = [commit_template(source)]
    for word in ("second", "third"):
        (source / "templates" / "project" / "new.txt").write_text(f"{word}\n")
        commit_all(source, word)
        commits.append(git(source, "rev-parse", "HEAD"))
    return Platform(source, commits[0]), commits


@pytest.fixture
def project(versions: tuple[Platform, list[str]], tmp_path: Path) -> Path:
    """A project of the first of them, with what `make setup` leaves."""
    return made(versions[0], versions[1][0], tmp_path / "churn")


def made(platform: Platform, commit: str, folder: Path) -> Path:
    """Render a project, and leave what `make setup` leaves."""
    project = platform.render(folder, commit)
    uv = project / ".tools" / "uv"
    uv.parent.mkdir()
    uv.write_text("#!/bin/sh\nmkdir -p .stackwright/venv/bin\n")
    uv.chmod(0o755)
    assert 0 == run(project, "install_platform.py", "--uv", str(uv)).returncode
    (project / ".stackwright" / "venv" / "bin" / "copier").symlink_to(Path(sys.executable).with_name("copier"))
    return project


def run(project: Path, script: str, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the project."""
    command = [sys.executable, f"scripts/{script}", *words]
    variables = environment(**variables)
    return subprocess.run(command, cwd=project, env=variables, capture_output=True, text=True, check=False)


def revision(project: Path) -> str:
    """Return the commit that a project names."""
    return load(project / ".stackwright.yaml", Settings).revision


def tag(platform: Platform, name: str, commit: str) -> None:
    """Release a commit, with an annotated tag."""
    git(platform.source, "tag", "--annotate", "--message", name, name, commit)


def test_before_the_first_release_the_tip_is_the_newest(project: Path, versions: tuple[Platform, list[str]]) -> None:
    """What the template has become is merged, and the platform's command moves with it."""
    done = run(project, "update.py")

    assert (0, versions[1][2]) == (done.returncode, revision(project)), done.stderr
    assert "third\n" == (project / "new.txt").read_text()


def test_a_release_goes_before_the_tip(project: Path, versions: tuple[Platform, list[str]]) -> None:
    """The highest version counts, as a number; what is no version does not."""
    platform, commits = versions
    for name, commit in (("v0.10.0", commits[1]), ("v0.9.0", commits[0]), ("v1-rc", commits[2])):
        tag(platform, name, commit)

    done = run(project, "update.py")

    assert (0, commits[1]) == (done.returncode, revision(project)), done.stderr
    assert "second\n" == (project / "new.txt").read_text()


def test_a_project_that_is_further_stays(versions: tuple[Platform, list[str]], tmp_path: Path) -> None:
    """It was made after the last release: going back would be no update."""
    platform, commits = versions
    project = made(platform, commits[2], tmp_path / "churn")
    tag(platform, "v0.1.0", commits[1])

    done = run(project, "update.py")

    assert (0, f"{commits[2]} is the newest\n") == (done.returncode, done.stdout), done.stderr
    assert "" == git(project, "status", "--porcelain")


def test_a_platform_that_does_not_answer_is_said(project: Path) -> None:
    """Nothing is changed."""
    set_up(project, "platform", "/nowhere/platform")

    done = run(project, "update.py")

    assert 1 == done.returncode
    assert done.stderr.startswith(".stackwright.yaml: platform: /nowhere/platform does not say its releases\n")


def test_a_private_platform_is_read_by_its_token(project: Path, versions: tuple[Platform, list[str]]) -> None:
    """By copier, too, and no file keeps it."""
    platform, commits = versions
    with private_repository(platform.source.parent, TOKEN) as host:
        address = f"{host.url}/{platform.source.name}/.git"
        set_up(project, "platform", f'"{address}"')
        answers = project / ".copier-answers.yml"
        answers.write_text(answers.read_text().replace(str(platform.source), address))
        commit_all(project, "Move")

        done = run(project, "update.py", PLATFORM_TOKEN=TOKEN)

    assert (0, commits[2]) == (done.returncode, revision(project)), done.stderr
    assert TOKEN not in everything_in(project) + done.stdout + done.stderr


def test_the_first_set_up_after_an_update_moves_the_command(
    project: Path, versions: tuple[Platform, list[str]]
) -> None:
    """The command is of the revision that the project names, whatever was there before."""
    set_up(project, "revision", versions[1][2])
    (project / "fake-uv").write_text("#!/bin/sh\nmkdir -p .stackwright/venv\n")
    (project / "fake-uv").chmod(0o755)

    done = install(project)

    head = (project / ".stackwright" / "platform" / ".git" / "HEAD").read_text().strip()
    assert (0, versions[1][2]) == (done.returncode, head), done.stderr
