"""A project's files, in the working tree and at a commit."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.project import Project, find_project, git, tip
from tests.harness.project import Toy

SETTINGS = ".stackwright.yaml"


def test_a_file_in_the_tree_and_at_a_commit(toy: Toy) -> None:
    """A commit keeps its content whatever the working tree says, and has no files of its own besides."""
    commit = toy.git("rev-parse", "HEAD")
    (toy.root / "policies/gate.yaml").write_text("changed")
    (toy.root / "new.txt").write_text("new")
    then = Project(toy.root, commit)

    assert b"changed" == toy.project.read("policies/gate.yaml") != then.read("policies/gate.yaml")
    assert (b"new", None) == (toy.project.read("new.txt"), then.read("new.txt"))
    assert ["dev", "prod", "staging"] == toy.project.environments == then.environments
    with pytest.raises(UserError, match=rf"new\.txt: not found at {commit[:12]}"):
        then.load("new.txt", type(toy.project.settings))


def test_a_commit_that_does_not_exist_is_no_empty_project(toy: Toy) -> None:
    """A wrong commit is an error, not a project without files."""
    with pytest.raises(UserError, match="git rev-parse"):
        Project(toy.root, "0" * 40).read(SETTINGS)


def test_what_a_full_commit_has_is_read_once(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot change; what a name has can."""
    commit, asked = toy.git("rev-parse", "HEAD"), list[list[str]]()
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda words, **rest: asked.append(words) or run(words, **rest))

    for name in (commit, commit, "HEAD", "HEAD"):
        assert Project(toy.root, name).read(SETTINGS) == toy.project.read(SETTINGS)
    assert [f"{name}:{SETTINGS}" for name in (commit, "HEAD", "HEAD")] == [words[-1] for words in asked]


def test_a_project_is_found_from_inside(toy: Toy, tmp_path: Path) -> None:
    """Commands run anywhere inside a project."""
    assert toy.root == find_project(toy.root / "policies").root
    with pytest.raises(UserError, match=r"no \.stackwright\.yaml here or above"):
        find_project(tmp_path)


def test_the_tip_is_the_default_branch_and_not_the_one_checked_out(toy: Toy) -> None:
    """Without a remote, `main` counts, whatever is checked out."""
    main = toy.git("rev-parse", "HEAD")
    toy.git("switch", "-q", "-c", "work")
    toy.commit("work")

    assert main == tip(toy.root)


@pytest.mark.parametrize("branch", ["main", "trunk"])
def test_the_tip_is_that_of_the_remote(branch: str, toy: Toy, tmp_path: Path) -> None:
    """With a remote, its default branch counts, by whatever name, without a pull."""
    toy.git("branch", "-m", branch)
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(toy.root), str(origin)], check=True)
    toy.git("remote", "add", "origin", str(origin))
    other = toy.clone(tmp_path / "other")
    pushed = other.commit("pushed by somebody else").tip
    other.git("push", "-q")
    toy.commit("not pushed")

    assert pushed == tip(toy.root)


def test_what_git_says_is_one_line(toy: Toy) -> None:
    """A remote that cannot be reached is one line with git's own words."""
    toy.git("remote", "add", "origin", "/nowhere")

    with pytest.raises(UserError) as caught:
        tip(toy.root)

    assert 1 == len(caught.value.problems)
    assert caught.value.problems[0].startswith("git fetch: fatal: '/nowhere' does not appear to be a git repository")
    assert "\n" not in caught.value.problems[0]


def test_a_folder_without_git(tmp_path: Path) -> None:
    """Git's own words again."""
    with pytest.raises(UserError, match="git status: fatal: not a git repository"):
        git(tmp_path, "status")


MODEL = {"package": "p", "rows": "r", "score": ["s"], "serve": ["s"]}


def settings(**changes: object) -> Callable[[Toy], None]:
    """Change fields of the settings."""
    return lambda toy: toy.edit(SETTINGS, **changes)


CASES: dict[str, tuple[Callable[[Toy], object], list[str]]] = {
    "no models": (
        settings(models={}),
        [f"{SETTINGS}: models: `{{}}`: dictionary should have at least 1 item after validation, not 0"],
    ),
    "a slip": (
        settings(models={"toy": {**MODEL, "pakage": "p"}}),
        [f"{SETTINGS}: models.toy.pakage: unknown field; did you mean `package`?"],
    ),
    "a command as text": (
        settings(models={"toy": {**MODEL, "score": "python score.py"}}),
        [f"{SETTINGS}: models.toy.score: `python score.py`: input should be a valid array"],
    ),
    "an empty command": (
        settings(models={"toy": {**MODEL, "serve": []}}),
        [f"{SETTINGS}: models.toy.serve: `[]`: list should have at least 1 item after validation, not 0"],
    ),
    "a name with capitals": (
        settings(project="Toy"),
        [f"{SETTINGS}: project: `Toy`: string should match pattern '^[a-z][a-z0-9-]*$'"],
    ),
    "a date": (
        lambda toy: (toy.root / SETTINGS).write_text("platform: 2026-01-01\nrevision: on\nproject: a\nmodels: 1\n"),
        [f"{SETTINGS}: models: `1`: input should be an object"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_with_settings(name: str, toy: Toy) -> None:
    """`.stackwright.yaml` is read strictly, and its problems are lines."""
    change, problems = CASES[name]
    change(toy)

    with pytest.raises(UserError) as caught:
        _ = toy.project.settings

    assert problems == caught.value.problems
