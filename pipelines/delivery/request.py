"""What started a workflow of retraining, read from its event: strictly, because anybody who may dispatch writes it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from components.base import Document
from components.errors import UserError
from pipelines.delivery.job import event_name
from pipelines.delivery.kinds import KEY, NAME, known_environment, known_model, shown
from pipelines.delivery.texts import read_text
from pipelines.hosts.answers import mapping
from stacks.load import parse_json, validate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.project import Project

EVENT = "retrain"
EVENTS = ("repository_dispatch", "schedule", "workflow_dispatch")
REASON = 500


class Payload(Document):
    """`client_payload` of a `repository_dispatch`; other fields are refused."""

    model: str = Field(pattern=rf"^{NAME.pattern}$", max_length=64)
    key: str = Field(pattern=rf"^{KEY.pattern}$")
    """The same finding has the same key, however often it is delivered."""
    environment: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]*$", max_length=64)
    """Where it was found."""
    reason: str | None = Field(default=None, max_length=REASON)
    """Shown, and nothing else."""


@dataclass(frozen=True)
class Request:
    """Why a workflow runs."""

    by: Literal["dispatch", "schedule", "person"]
    model: str | None = None
    """The one model that it is about; all of them where none is named."""
    key: str | None = None
    reason: str | None = None


def read_request(project: Project, event: Path | None) -> Request:
    """Return why this workflow runs.

    Raises:
        UserError: The event is malformed, or names what this project does not have.
    """
    path = event or _event_path()
    name = event_name() or "workflow_dispatch"
    if name not in EVENTS:
        raise UserError(f"GITHUB_EVENT_NAME: {shown(name)}: no reason to retrain; choose one of {', '.join(EVENTS)}")
    if path is None or name == "schedule":
        return Request(by="schedule" if name == "schedule" else "person")
    said = parse_json(read_text(path), "event")
    return (_dispatched if name == "repository_dispatch" else _by_hand)(project, mapping(said))


def _dispatched(project: Project, event: Mapping[str, Any]) -> Request:
    if event.get("action") != EVENT:
        raise UserError(f"event.action: {shown(str(event.get('action')))}: not an event of this workflow; use {EVENT}")
    payload = validate(event.get("client_payload"), Payload, "event.client_payload")
    known_model(project, payload.model, "event.client_payload.model")
    if payload.environment:
        known_environment(project, payload.environment, "event.client_payload.environment")
    return Request("dispatch", payload.model, payload.key, payload.reason)


def _by_hand(project: Project, event: Mapping[str, Any]) -> Request:
    model = mapping(event.get("inputs")).get("model")
    if not isinstance(model, str) or not model:
        return Request("person")
    return Request("person", known_model(project, model, "event.inputs.model"))


def _event_path() -> Path | None:
    path = os.environ.get("GITHUB_EVENT_PATH")
    return Path(path) if path else None
