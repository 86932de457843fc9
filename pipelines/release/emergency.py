"""A rollback that is deployed before it is merged: which commits may be, and that nothing puts it back meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import Blocked, UserError
from pipelines.project import Project, git
from pipelines.release.history import earlier_pins, refuse_shallow
from pipelines.release.pin import read_pin, read_refused, refusal, short
from pipelines.release.places import REFUSED, pin_path

if TYPE_CHECKING:
    from pipelines.release.pin import Pin

TRAILER = "Stackwright-Emergency: deploy before the merge"
"""Line of the message of a commit that is deployed from its branch."""


def rollback_branch(environment: str, model: str) -> str:
    """Return the branch of the rollback of a model."""
    return f"stackwright/rollback/{environment}/{model}"


def reverted_pin(project: Project, ref: str, tip: str, environment: str, model: str) -> tuple[str, Pin]:
    """Return the commit of a rollback that is not merged yet, and its pin.

    Raises:
        UserError: It is anything else than the revert to a pin that this environment has held, of what it pins now.
    """
    refuse_shallow(project)
    commit = _resolved(project, ref)
    path = pin_path(environment, model)
    base = git(project.root, "merge-base", commit, tip).strip()
    changed = git(project.root, "diff", "--name-only", "--no-renames", "-z", base, commit).strip("\0").split("\0")
    others = [name for name in changed if name and name not in {path, REFUSED}]
    if others:
        raise Blocked([f"{name}: not part of a rollback; only {path} and {REFUSED} may change" for name in others])
    at_tip, there = Project(project.root, tip), Project(project.root, commit)
    now, then, new = (read_pin(item, environment, model) for item in (at_tip, Project(project.root, base), there))
    if now is None or now != then:
        raise Blocked(f"{path}: changed on the default branch since this rollback was prepared; prepare it again")
    if new is None or new == now:
        raise Blocked(f"{path}: not another pin than that of the default branch; nothing to roll back")
    if all(pin != new for _, pin in earlier_pins(at_tip, tip, environment, model)):
        raise Blocked(f"{path}: digest: {environment} has never held {new.title} like this; merge it as a promotion")
    _refuse_lifted(at_tip, there, environment, now)
    return commit, new


def in_force(at_tip: Project, environment: str, model: str) -> Pin | None:
    """Return the pin that an emergency put in place of that at the tip, until its pull request is merged or closed."""
    if at_tip.commit is None or "origin" not in git(at_tip.root, "remote").split():
        return None
    branch = f"refs/heads/{rollback_branch(environment, model)}"
    listed = git(at_tip.root, "ls-remote", "origin", branch).split()
    if not listed:
        return None
    git(at_tip.root, "fetch", "--quiet", "origin", branch)
    if TRAILER not in git(at_tip.root, "log", "-1", "--format=%B", listed[0]).splitlines():
        return None
    try:
        return reverted_pin(at_tip, listed[0], at_tip.commit, environment, model)[1]
    except UserError:
        return None


def _resolved(project: Project, ref: str) -> str:
    """Return the commit of a branch of the remote, or of a full commit that was fetched."""
    for name in (f"refs/remotes/origin/{ref}", ref):
        try:
            return git(project.root, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}").strip()
        except UserError:
            continue
    raise UserError(f"--ref: `{ref[:100]}` is no branch at the remote, and no commit")


def _refuse_lifted(at_tip: Project, there: Project, environment: str, bad: Pin) -> None:
    """Block unless the digest that is left is refused there, and nothing that was refused is not any more."""
    kept, before = read_refused(there), read_refused(at_tip)
    if refusal(kept, [environment], bad.model, bad.digest) is None:
        raise Blocked(f"{REFUSED}: {short(bad.digest)} of {bad.model} is not refused in {environment}; use `rollback`")
    lifted = [item for item in before.refused if item not in kept.refused]
    if lifted:
        raise Blocked(
            [f"{REFUSED}: {short(item.digest)} of {item.model} is refused on the default branch" for item in lifted]
        )
