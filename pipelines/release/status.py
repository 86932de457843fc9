"""Status: what each environment pins, and what it serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.base import Document
from pipelines.deploy.open import open_deployer
from pipelines.project import Project, tip
from pipelines.release.pin import lineage, read_pin, read_refused, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator


class Row(Document):
    """One model in one environment."""

    environment: str
    tier: str
    model: str
    release: int | None
    pinned: str | None
    serving: str | None
    url: str | None
    state: str
    """`serving` when pin and server agree, else what is missing."""


def status(project: Project, model: str | None) -> list[Row]:
    """Return a row for each environment and model, first environment first."""
    at_tip = Project(project.root, tip(project.root))
    names = sorted(project.environments, key=lambda name: (project.contract(name).tier, name))
    return [row for environment in names for row in _rows(at_tip, project, environment, model)]


def _rows(at_tip: Project, project: Project, environment: str, chosen: str | None) -> Iterator[Row]:
    contract = project.contract(environment)
    deployer = open_deployer(project, contract)
    for model in project.model_names(chosen):
        pin = read_pin(at_tip, environment, model)
        endpoint = deployer.serving(model)
        pinned, served = pin.digest if pin else None, endpoint.digest if endpoint else None
        refused = pinned and refusal(read_refused(at_tip), lineage(project, environment), model, pinned)
        yield Row(
            environment=environment,
            tier=contract.tier.value,
            model=model,
            release=pin.release if pin else None,
            pinned=pinned,
            serving=served,
            url=endpoint.url if endpoint else None,
            state="refused" if refused else _state(pinned, served),
        )


def _state(pinned: str | None, served: str | None) -> str:
    if pinned == served:
        return "serving" if pinned else "nothing pinned"
    return "not serving; deploy" if served is None else "serves another digest; deploy"
