from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.rehearsal.scaffold import snapshot
from tests.harness.scaffold import commit_all, git


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of one commit."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / ".gitignore").write_text("ignored\n")
    (folder / "kept").write_text("1")
    (folder / "removed").write_text("1")
    return commit_all(folder, "First")


def change(checkout: Path) -> None:
    """Change, add, remove and ignore files."""
    (checkout / "kept").write_text("2")
    (checkout / "added").write_text("1")
    (checkout / "removed").unlink()
    (checkout / "ignored").write_text("1")


def test_a_clean_checkout_is_its_own_commit(checkout: Path, tmp_path: Path) -> None:
    """Nothing is put on top."""
    commit = snapshot(checkout, tmp_path / "clone")

    assert git(checkout, "rev-parse", "HEAD") == commit


def test_what_is_not_committed_is_one_commit_on_top(checkout: Path, tmp_path: Path) -> None:
    """Changed, new and removed files; ignored ones stay out."""
    change(checkout)

    commit = snapshot(checkout, tmp_path / "clone")

    assert [".gitignore", "added", "kept"] == git(tmp_path / "clone", "ls-files").splitlines()
    assert "2" == (tmp_path / "clone" / "kept").read_text()
    assert git(checkout, "rev-parse", "HEAD") == git(tmp_path / "clone", "rev-parse", f"{commit}^")


def test_a_project_inside_the_checkout_stays_out(checkout: Path, tmp_path: Path) -> None:
    """People render their first project right there."""
    (checkout / "project").mkdir()
    git(checkout / "project", "init", "--quiet")
    (checkout / "project" / "file").write_text("1")
    commit_all(checkout / "project", "First")

    commit = snapshot(checkout, tmp_path / "clone")

    assert git(checkout, "rev-parse", "HEAD") == commit


def test_the_checkout_is_only_read(checkout: Path, tmp_path: Path) -> None:
    """Neither its index nor its objects change."""
    change(checkout)
    before = sorted(path for path in (checkout / ".git").rglob("*") if path.is_file())
    status = git(checkout, "status", "--porcelain")

    snapshot(checkout, tmp_path / "clone")

    assert before == sorted(path for path in (checkout / ".git").rglob("*") if path.is_file())
    assert status == git(checkout, "status", "--porcelain")


def test_the_same_content_is_the_same_commit(checkout: Path, tmp_path: Path) -> None:
    """An environment that was made for it can be used again."""
    change(checkout)

    assert snapshot(checkout, tmp_path / "one") == snapshot(checkout, tmp_path / "two")


def test_the_variables_of_a_surrounding_git_do_not_lead_astray(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks run with GIT_DIR set."""
    monkeypatch.setenv("GIT_DIR", "/nowhere")

    snapshot(checkout, tmp_path / "clone")

    assert (tmp_path / "clone" / "kept").is_file()


def _not_a_repository(checkout: Path) -> Path:
    return checkout.parent


def _inside(checkout: Path) -> Path:
    (checkout / "inner").mkdir()
    return checkout / "inner"


def _without_commit(checkout: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(checkout.parent / "new")], check=True)
    return checkout.parent / "new"


@pytest.mark.parametrize(
    ("prepare", "said"),
    [
        (_not_a_repository, "not a git repository with a commit; clone the platform with git"),
        (_without_commit, "not a git repository with a commit; clone the platform with git"),
        (_inside, "name its root"),
        (lambda checkout: checkout / "gone", "not a git repository with a commit"),
    ],
)
def test_what_cannot_be_cloned_is_said(prepare: object, said: str, checkout: Path, tmp_path: Path) -> None:
    """A downloaded archive has no commit that a project could name."""
    with pytest.raises(UserError, match=said):
        snapshot(prepare(checkout), tmp_path / "clone")  # type: ignore[operator]


def test_a_target_that_holds_something_is_refused(checkout: Path, tmp_path: Path) -> None:
    """Nothing there is overwritten."""
    (tmp_path / "clone").mkdir()
    (tmp_path / "clone" / "mine").write_text("1")

    with pytest.raises(UserError, match="already exists"):
        snapshot(checkout, tmp_path / "clone")
