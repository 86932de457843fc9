"""Every object of a cluster, whatever its kind."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from tests.harness.cluster.rest import AnswerError, Rest

if TYPE_CHECKING:
    from tests.harness.cluster.plane import Plane

COMING_AND_GOING = frozenset({"ComponentStatus", "Event", "Lease"})
"""Kinds that controllers write all the time, whatever is there."""

Versions = dict[str, str]
"""Object, as `Deployment.apps mlflow/server` -> its resource version."""


def inventory(plane: Plane, kinds: Iterable[str] = ()) -> Versions:
    """Return the resource version of every object of every kind that the API server can list.

    Args:
        plane: The cluster.
        kinds: Only these; all by default.
    """
    rest, wanted = Rest(plane.api()), set(kinds)
    return {
        _name(group, kind, item): item["metadata"]["resourceVersion"]
        for group, kind, path in sorted(set(_listable(rest)))
        if kind not in COMING_AND_GOING and (not wanted or kind in wanted)
        for item in _items(rest, path)
    }


def wait_until_quiet(plane: Plane, seconds: float = 3) -> None:
    """Wait until controllers that have just started made all that they make by themselves.

    Args:
        plane: The cluster.
        seconds: For so long nothing comes or goes.
    """
    before, since = set(inventory(plane)), time.monotonic()
    while time.monotonic() < since + seconds:
        time.sleep(1)
        if (now := set(inventory(plane))) != before:
            before, since = now, time.monotonic()


def stuck(plane: Plane) -> list[str]:
    """Return the namespaces that are told to go and are still there, with what keeps each."""
    namespaces = Rest(plane.api()).items("v1", "Namespace")
    return [
        f"{item['metadata']['name']}: {[each['message'] for each in item['status'].get('conditions', ())]}"
        for item in namespaces
        if item["metadata"].get("deletionTimestamp")
    ]


def _listable(rest: Rest) -> Iterator[tuple[str, str, str]]:
    """Yield group, kind and path of everything that can be listed, each kind in the version that its group prefers."""
    yield from _of_version(rest, "", "/api/v1")
    for group in rest.get("/apis")["groups"]:
        yield from _of_version(rest, group["name"], f"/apis/{group['preferredVersion']['groupVersion']}")


def _of_version(rest: Rest, group: str, path: str) -> Iterator[tuple[str, str, str]]:
    for item in rest.get(path)["resources"]:
        if "/" not in item["name"] and "list" in item["verbs"]:
            yield group, item["kind"], f"{path}/{item['name']}"


def _items(rest: Rest, path: str) -> list[dict[str, Any]]:
    try:
        return rest.get(path)["items"]
    except AnswerError as error:
        if error.status == 404:  # a definition that went between the two questions
            return []
        raise


def _name(group: str, kind: str, item: dict[str, Any]) -> str:
    metadata = item["metadata"]
    place = f"{metadata['namespace']}/" if metadata.get("namespace") else ""
    return f"{kind}{f'.{group}' if group else ''} {place}{metadata['name']}"
