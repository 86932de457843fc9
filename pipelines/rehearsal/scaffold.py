"""A commit of the platform as it is right now, for projects that are scaffolded to be thrown away."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AUTHOR = {"NAME": "stackwright", "EMAIL": "stackwright@localhost"}


def snapshot(checkout: Path, target: Path) -> str:
    """Clone a checkout, put what is not committed on top as one commit, and return the full commit at its tip.

    The checkout itself is only read. The same content gives the same commit, so that an environment made for it can
    be used again.

    Raises:
        UserError: The checkout is not a git repository, or the target holds something already.
    """
    _require_repository(checkout)
    _git("clone", "--quiet", "--no-checkout", str(checkout), str(target))
    shared = (f"--git-dir={target / '.git'}", f"--work-tree={checkout}")
    _git(*shared, "add", "--all", folder=checkout)
    _leave_out_repositories(shared, checkout)
    if _git(*shared, "status", "--porcelain", "--untracked-files=no", folder=checkout):
        _commit(shared, checkout)
    _git("reset", "--quiet", "--hard", folder=target)
    return _git("rev-parse", "HEAD", folder=target)


def _leave_out_repositories(shared: tuple[str, ...], checkout: Path) -> None:
    """Forget repositories inside the checkout, such as a project that somebody rendered there: they have no address."""
    listed = _git(*shared, "ls-files", "--stage", "-z", folder=checkout).split("\0")
    nested = [entry.partition("\t")[2] for entry in listed if entry.startswith("160000 ")]
    if nested:
        _git(*shared, "rm", "--quiet", "--cached", "--force", "--", *nested, folder=checkout)


def _commit(shared: tuple[str, ...], checkout: Path) -> None:
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")
    date = _git("log", "-1", "--format=%cI", folder=checkout)
    who = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in AUTHOR.items()}
    when = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    message = "What was not committed"
    _git(*quiet, *shared, "commit", "--quiet", "--message", message, folder=checkout, extra={**who, **when})


def _require_repository(checkout: Path) -> None:
    try:
        root = _git("rev-parse", "--show-toplevel", folder=checkout)
        _git("rev-parse", "--verify", "HEAD", folder=checkout)
    except UserError as error:
        raise UserError(f"{checkout}: not a git repository with a commit; clone the platform with git") from error
    if not checkout.samefile(root):
        raise UserError(f"{checkout}: inside the git repository {root}; name its root")


def _git(*arguments: str, folder: Path | None = None, extra: Mapping[str, str] | None = None) -> str:
    """Run git without the variables that a surrounding git command may have set."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {**own, "GIT_CONFIG_NOSYSTEM": "1", **(extra or {})}
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise UserError(f"{folder}: git cannot be run there: {error.strerror}") from error
    if done.returncode:
        raise UserError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
