"""What environments have pinned, as the project's git history tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.project import Project, git
from pipelines.release.pin import Pin, read_pin
from pipelines.release.places import pin_path

if TYPE_CHECKING:
    from collections.abc import Iterator


def was_pinned(
    project: Project, commit: str, environment: str, model: str, digest: str, image: str | None = None
) -> Pin | None:
    """Return the pin by which an environment holds, or held, a digest as of a commit; the newest first.

    Args:
        project: The project.
        commit: Where its history ends.
        environment: Whose pins.
        model: Of which model.
        digest: Of the package.
        image: That the pin has beside it; any by default.
    """
    now = read_pin(Project(project.root, commit), environment, model)
    if _is(now, digest, image):
        return now
    refuse_shallow(project)
    path = pin_path(environment, model)
    sought = [f"-G{digest}|{image}", "--extended-regexp"] if image else [f"-S{digest}"]
    touched = git(project.root, "log", "--first-parent", "-m", *sought, "--format=%H", commit, "--", path)
    for revision in touched.split():
        for candidate in (revision, f"{revision}^"):
            pin = _pin_at(project, candidate, environment, model)
            if _is(pin, digest, image):
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


def _is(pin: Pin | None, digest: str, image: str | None) -> bool:
    return pin is not None and pin.digest == digest and image in (None, pin.image)


def _pin_at(project: Project, revision: str, environment: str, model: str) -> Pin | None:
    try:
        commit = git(project.root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").strip()
        return read_pin(Project(project.root, commit), environment, model)
    except UserError:
        return None
