"""Waiting for objects as Pulumi's provider waits, and saying why it was in vain."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from tests.harness.cluster.rest import CONNECTION, AnswerError, Rest
from tests.harness.kubernetes_plugin.objects import Object, Reference
from tests.harness.kubernetes_plugin.readiness import FailedError, unready

SECONDS = 60.0
"""How long an object may take that says nothing else; Pulumi's provider gives most kinds ten minutes."""
EVERY_SECONDS = 0.1
asked_seconds: ContextVar[float] = ContextVar("asked_seconds", default=0)
"""What the program says of this operation (`custom_timeouts`); nothing, if 0."""


class UnreadyError(Exception):
    """An object was made, and did not become ready.

    Args:
        at: Which.
        reasons: Why, one line each.
    """

    def __init__(self, at: Reference, reasons: list[str]) -> None:
        first, *others = reasons
        self.reasons = [f"{at}: made, but not ready: {first}", *others]
        super().__init__("; ".join(self.reasons))


def until_ready(rest: Rest, at: Reference, wanted: Object) -> None:
    """Wait until an object is ready, or raise `UnreadyError`."""
    if _said(wanted).get("pulumi.com/skipAwait") == "true":
        return
    path = rest.path_of(wanted)
    try:
        problem = _wait(lambda: unready(rest, rest.get(path)), _limit(wanted))
    except FailedError as error:
        problem = str(error)
    if problem:
        raise UnreadyError(at, [problem, *_why(rest, at, rest.get(path))])


def until_gone(rest: Rest, at: Reference, live: Object) -> None:
    """Wait until an object has gone, with all that it holds."""
    if _said(live).get("pulumi.com/skipAwait") == "true":
        return
    path, uid = rest.path_of(live), live["metadata"]["uid"]
    if problem := _wait(lambda: _left(rest, path, uid), _limit(live)):
        raise TimeoutError(f"{at}: deleted, but not gone: {problem}")


def _wait(ask: Callable[[], str | None], seconds: float) -> str | None:
    """Ask until nothing is wrong, and return what still is in the end."""
    deadline = time.monotonic() + seconds
    while True:
        problem = _answer(ask)
        if not problem or time.monotonic() > deadline:
            return problem
        time.sleep(EVERY_SECONDS)


def _answer(ask: Callable[[], str | None]) -> str | None:
    try:
        return ask()
    except CONNECTION as error:
        return f"no API server answers: {error}"
    except AnswerError as error:
        if error.status in (404, 429, 500, 503, 504):
            return error.message
        raise


def _limit(wanted: Object) -> float:
    said = _said(wanted).get("pulumi.com/timeoutSeconds")
    return float(said) if said else asked_seconds.get() or SECONDS


def _said(item: Object) -> dict[str, str]:
    return item["metadata"].get("annotations") or {}


def _left(rest: Rest, path: str, uid: str) -> str | None:
    try:
        live = rest.get(path)
    except AnswerError as error:
        if error.status == 404:
            return None
        raise
    if live["metadata"]["uid"] != uid:
        return None
    held = live["metadata"].get("finalizers") or []
    told = [item["message"] for item in live.get("status", {}).get("conditions", []) if item.get("status") == "True"]
    return "; ".join((*(f"finalizer `{name}`" for name in held), *told)) or "still there"


def _why(rest: Rest, at: Reference, live: Object) -> list[str]:
    """Return what its controller, pods and events say of an object that is not ready."""
    found = [*_refused(live), *_pods(rest, live), *_events(rest, at)] if at.namespace else []
    return list(dict.fromkeys(found))[:5]


def _refused(live: Object) -> Iterator[str]:
    """Yield why there are no pods: a quota, an admission policy."""
    for condition in live.get("status", {}).get("conditions", []):
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            yield f"{condition.get('reason')}: {condition.get('message')}"


def _pods(rest: Rest, live: Object) -> Iterator[str]:
    selector = (live.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels", selector if live["kind"] == "Service" else {})
    if not labels:
        return
    text = ",".join(f"{key}={value}" for key, value in labels.items())
    for pod in rest.items("v1", "Pod", live["metadata"]["namespace"], labelSelector=text):
        yield from _of_pod(pod)


def _of_pod(pod: dict[str, Any]) -> Iterator[str]:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    for container in status.get("containerStatuses", []):
        for state in ("waiting", "terminated"):
            if told := container.get("state", {}).get(state):
                said = f": {told['message']}" if told.get("message") else ""
                yield f"pod {name}: container {container['name']}: {told.get('reason', state)}{said}"
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield f"pod {name}: {condition.get('reason')}: {condition.get('message')}"


def _events(rest: Rest, at: Reference) -> Iterator[str]:
    text = f"involvedObject.name={at.name},involvedObject.kind={at.kind},type=Warning"
    for event in rest.items("v1", "Event", at.namespace, fieldSelector=text):
        yield f"{event['reason']}: {event['message']}"
