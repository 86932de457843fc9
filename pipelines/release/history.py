"""What environments have pinned, as the project's git history tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.project import Project, git
from pipelines.release.pin import Pin, pin_path, read_pin

if TYPE_CHECKING:
    from collections.abc import Iterator


def was_pinned(project: Project, commit: str, environment: str, model: str, digest: str) -> Pin | None:
    """Return the pin by which an environment holds, or held, a digest as of a commit; the newest first."""
    now = read_pin(Project(project.root, commit), environment, model)
    if now and now.digest == digest:
        return now
    refuse_shallow(project)
    path = pin_path(environment, model)
    touched = git(project.root, "log", "--first-parent", "-m", f"-S{digest}", "--format=%H", commit, "--", path)
    for revision in touched.split():
        for candidate in (revision, f"{revision}^"):
            pin = _pin_at(project, candidate, environment, model)
            if pin and pin.digest == digest:
                return pin
    return None


def earlier_pins(project: Project, commit: str, environment: str, model: str) -> Iterator[tuple[str, Pin]]:
    """Yield the commits and pins of an environment before a commit's own, newest first."""
    refuse_shallow(project)
    path = pin_path(environment, model)
    current = read_pin(Project(project.root, commit), environment, model)
    revisions = git(project.root, "log", "--first-parent", "-m", "--format=%H", commit, "--", path).split()
    for revision in revisions:
        pin = _pin_at(project, revision, environment, model)
        if pin and (current is None or pin.digest != current.digest):
            yield revision, pin


def refuse_shallow(project: Project) -> None:
    """Refuse a clone whose history is cut: what was pinned cannot be seen there."""
    if git(project.root, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise UserError(
            f"{project.root.name}: a shallow clone does not hold the history of pins; run `git fetch --unshallow`"
        )


def _pin_at(project: Project, revision: str, environment: str, model: str) -> Pin | None:
    try:
        commit = git(project.root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
        return read_pin(Project(project.root, commit), environment, model)
    except UserError:
        return None
