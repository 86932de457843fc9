"""The branch of a proposal: one commit on top of where the job began, pushed on condition that nobody else did."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import Blocked, UserError
from pipelines import writes
from pipelines.delivery.kinds import BRANCHES
from pipelines.hosts.git_access import git_variables
from pipelines.project import git
from pipelines.release.history import refuse_shallow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipelines.project import Project

AUTOMATION = ("stackwright", "noreply@stackwright.invalid")
"""Whose commits lie on the branches of proposals."""


@dataclass(frozen=True)
class Branch:
    """A branch of the remote that only jobs write."""

    project: Project
    name: str

    def __post_init__(self) -> None:
        if not self.name.startswith(BRANCHES):
            raise ValueError(f"{self.name}: not a branch of proposals")

    @property
    def at_remote(self) -> str | None:
        """The commit that it is at now; none where it is not there."""
        listing = git(self.project.root, "ls-remote", "origin", f"refs/heads/{self.name}")
        return listing.split()[0] if listing else None

    def refuse_people(self, tip: str, commit: str) -> None:
        """Block when somebody else's commits lie on it: they are not thrown away."""
        git(self.project.root, "fetch", "--quiet", "origin", f"refs/heads/{self.name}")
        people = git(self.project.root, "log", "--no-merges", "--format=%ce", f"{tip}..{commit}").split()
        if any(mail != AUTOMATION[1] for mail in people):
            raise Blocked(
                f"{self.name}: holds commits of somebody else; merge its pull request or delete the branch, then run "
                "this again"
            )

    def push(self, commit: str, expected: str | None) -> None:
        """Move it to a commit, if it is where it was seen."""
        lease = f"--force-with-lease=refs/heads/{self.name}:{expected or ''}"
        done = writes.change_git(
            self.project.root,
            "push", "--quiet", "--no-verify", lease, "origin", f"{commit}:refs/heads/{self.name}",
            environment=git_variables(),
        )  # fmt: skip
        if done.returncode == 0:
            return
        said = " | ".join(done.stderr.strip().splitlines())
        if "stale info" in said or "fetch first" in said or "cannot lock ref" in said:
            raise Blocked(f"{self.name}: moved meanwhile: another job proposes, too; run this again to propose on top")
        if "workflow" in said and "permission" in said:
            told = "the host lets only an app with `workflows: write` change workflows"
            raise Blocked(f"{self.name}: not pushed: {told}; see `stackwright ci token`, or make this change by hand")
        raise UserError(f"{self.name}: cannot be pushed: {said[:500]}")


def changed_files(project: Project, belongs: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """Return the files that differ from HEAD and belong to a change, and those that do not."""
    tracked = git(project.root, "diff", "--name-only", "--no-renames", "-z", "HEAD").split("\0")
    new = git(project.root, "ls-files", "-z", "--others", "--exclude-standard").split("\0")
    found = sorted({path for path in [*tracked, *new] if path})
    return [path for path in found if belongs(path)], [path for path in found if not belongs(path)]


def commit_files(project: Project, files: Sequence[str], message: str) -> str:
    """Return a commit on top of HEAD with these files as the working tree has them; HEAD and index stay."""
    with tempfile.TemporaryDirectory(prefix="stackwright-propose-") as scratch:
        variables = {**git_variables(), "GIT_INDEX_FILE": str(Path(scratch) / "index")}
        _made(project, variables, "read-tree", "HEAD")
        listed = "".join(f"{path}\0" for path in files).encode()
        _made(project, variables, "update-index", "--add", "--remove", "-z", "--stdin", standard_input=listed)
        tree = _made(project, variables, "write-tree")
    name, mail = AUTOMATION
    people = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", mail))
    }
    words = ("commit-tree", "--no-gpg-sign", tree, "-p", "HEAD", "-F", "-")
    return _made(project, {**git_variables(), **people}, *words, standard_input=message.encode())


def tree_of(project: Project, commit: str) -> str:
    """Return what a commit holds, by its identity."""
    return git(project.root, "rev-parse", "--verify", f"{commit}^{{tree}}").strip()


def same_change(project: Project, one: str, other: str) -> bool:
    """Whether two commits hold the same on top of the same."""
    format_ = "--format=%T %P"
    return git(project.root, "log", "-1", format_, one) == git(project.root, "log", "-1", format_, other)


def refuse_elsewhere(project: Project, tip: str) -> None:
    """Refuse a job that does not stand on the default branch, whose history it must see."""
    refuse_shallow(project)
    base = git(project.root, "merge-base", "HEAD", tip).strip()
    if base != git(project.root, "rev-parse", "HEAD").strip():
        raise UserError("HEAD: not on the default branch; proposals are made by jobs that run there")


def moved_files(project: Project, tip: str, files: Sequence[str]) -> list[str]:
    """Return which of some files are others at the tip than where this job began."""
    changed = git(project.root, "diff", "--name-only", "--no-renames", "-z", "HEAD", tip).split("\0")
    return sorted({*files} & {*changed})


def _made(project: Project, variables: dict[str, str], *words: str, standard_input: bytes = b"") -> str:
    done = writes.change_git(project.root, *words, environment=variables, standard_input=standard_input)
    if done.returncode:
        raise UserError(f"git {words[0]}: {' | '.join(done.stderr.strip().splitlines())[:500]}")
    return done.stdout.strip()
