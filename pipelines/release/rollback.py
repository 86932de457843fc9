"""Rollback: prepare the revert of a pin, and refuse the digest that it moves away from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import Blocked, UserError
from pipelines import writes
from pipelines.project import Project, tip
from pipelines.release.gating import open_attested
from pipelines.release.history import earlier_pins
from pipelines.release.locking import locked
from pipelines.release.pin import (
    REFUSED,
    Refusal,
    Refused,
    lineage,
    pin_path,
    pin_text,
    read_pin,
    read_refused,
    refusal,
    refused_text,
)
from pipelines.release.results import Result, Status

if TYPE_CHECKING:
    from pipelines.release.pin import Pin


def rollback(project: Project, environment: str, model: str, reason: str) -> Result:
    """Write the pin that an environment held before, and refuse the present one there; nothing is committed.

    The metric gate is not asked; digest and attestation of the earlier package are verified.
    """
    with locked(project.root):
        commit = tip(project.root)
        bad = read_pin(Project(project.root, commit), environment, model)
        if bad is None:
            raise UserError(
                f"{pin_path(environment, model)}: not at the tip of the default branch; nothing to roll back"
            )
        refused = _with_refusal(read_refused(project), bad, environment, reason)
        revision, good = _earlier(project, commit, environment, model, refused)
        if read_pin(project, environment, model) == good and read_refused(project) == refused:
            return _result("nothing to do", environment, bad, good)
        with tempfile.TemporaryDirectory(prefix="stackwright-rollback-") as scratch:
            open_attested(project.contract(environment), good.digest, Path(scratch))
        _write(project, environment, revision, good, refused)
    return _result("done", environment, bad, good)


def one_model(project: Project, chosen: str | None) -> list[str]:
    """Return the model to roll back: of several, one has to be named."""
    names = project.model_names(chosen)
    if len(names) > 1:
        raise UserError(f"--model: missing; a rollback is of one model: choose one of {', '.join(names)}")
    return names


def _with_refusal(refused: Refused, bad: Pin, environment: str, reason: str) -> Refused:
    known = [item for item in refused.refused if (item.environment, item.digest) == (environment, bad.digest)]
    if any(item.model == bad.model for item in known):
        return refused
    new = Refusal(model=bad.model, digest=bad.digest, environment=environment, reason=reason)
    return Refused(refused=[*refused.refused, new])


def _earlier(project: Project, commit: str, environment: str, model: str, refused: Refused) -> tuple[str, Pin]:
    chain = lineage(project, environment)
    for revision, pin in earlier_pins(project, commit, environment, model):
        if refusal(refused, chain, model, pin.digest) is None:
            return revision, pin
    path = pin_path(environment, model)
    raise Blocked(f"{path}: no earlier pin that is not refused; remove this file to stop serving {model}")


def _write(project: Project, environment: str, revision: str, good: Pin, refused: Refused) -> None:
    """Write the refusal first: a rollback that is killed in between leaves a pin that nothing deploys."""
    path = pin_path(environment, good.model)
    writes.replace_file(project.root / REFUSED, refused_text(refused))
    writes.replace_file(project.root / path, Project(project.root, revision).read(path) or pin_text(good))


def _result(status: Status, environment: str, bad: Pin, good: Pin) -> Result:
    return Result(
        command="rollback",
        status=status,
        environment=environment,
        model=good.model,
        summary=f"{environment} goes back from {bad.title} to {good.title}; commit and merge this",
        data={"from": bad.digest, "to": good.digest, "release": good.release},
    )
