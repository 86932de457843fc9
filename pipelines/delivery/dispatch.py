"""Start workflows of this project by an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines.delivery.kinds import known_environment, known_key, known_model, shown
from pipelines.delivery.report import Report
from pipelines.delivery.request import EVENT, REASON, Payload

if TYPE_CHECKING:
    from pipelines.hosts.base import Host
    from pipelines.project import Project

PROMOTE = "promote"


def dispatch(
    project: Project,
    host: Host,
    event: str,
    environment: str | None,
    model: str | None,
    key: str | None,
    reason: str | None,
) -> Report:
    """Start the workflows that retrain a model, or those that promote from an environment."""
    place = known_environment(project, environment) if environment else None
    if event == EVENT:
        payload = _retrain(project, place, model, key, reason)
    elif event == PROMOTE:
        payload = {"environment": _required("--environment", place)}
    else:
        raise UserError(f"--event: {shown(event)}: not an event; choose one of {PROMOTE}, {EVENT}")
    host.dispatch(event, payload)
    told = ", ".join(f"{name} {payload[name]}" for name in ("model", "environment", "key") if name in payload)
    return Report(command="dispatch", lines=[f"{event}: asked for {told}"], data={"event": event, "payload": payload})


def _retrain(
    project: Project, environment: str | None, model: str | None, key: str | None, reason: str | None
) -> dict[str, Any]:
    payload = Payload(
        model=known_model(project, _required("--model", model)),
        key=known_key(_required("--key", key)),
        environment=environment,
        reason=" ".join(reason.split())[:REASON] if reason else None,
    )
    return payload.model_dump(mode="json", exclude_none=True)


def _required(option: str, value: str | None) -> str:
    if not value:
        raise UserError(f"{option}: missing; this event needs it")
    return value
