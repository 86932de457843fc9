"""What a Deployment's own record says: is it rolled out, did a deployment finish, and where does a failed one return?

All that has to survive a killed deployment is in one annotation of the Deployment. It is written together with the new
spec, says what to return to, and goes when the new spec is rolled out.
"""

from __future__ import annotations

import json
from typing import Any

Document = dict[str, Any]

UNFINISHED = "stackwright/returns-to"
"""Annotation of a Deployment whose last deployment did not finish: what was deployed before, empty when nothing was."""

PREFIX = "stackwright/"


def rolled_out(live: Document) -> bool:
    """Return whether all copies are of the present spec, and one answers at least."""
    wanted, status = live["spec"]["replicas"], live.get("status", {})
    counts = [status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")]
    return seen(live) and counts == [wanted] * 3 and wanted > 0


def seen(live: Document) -> bool:
    """Return whether the status is about the present spec."""
    return live.get("status", {}).get("observedGeneration", 0) >= live["metadata"]["generation"]


def unfinished(live: Document) -> bool:
    """Return whether the last deployment neither finished nor was returned."""
    return UNFINISHED in notes(live)


def good(live: Document | None) -> Document | None:
    """Return what a failed deployment has to return to; nothing when nothing good was there."""
    if live is None:
        return None
    if unfinished(live) and not rolled_out(live):
        kept = notes(live)[UNFINISHED]
        return json.loads(kept) if kept else None
    return _manifest(live)


def begun(wanted: Document, returns_to: Document | None) -> Document:
    """Return a Deployment that says what to return to."""
    note = {UNFINISHED: json.dumps(returns_to, sort_keys=True) if returns_to else ""}
    metadata = {**wanted["metadata"], "annotations": {**notes(wanted), **note}}
    return {**wanted, "metadata": metadata}


def same(one: Document, other: Document) -> bool:
    """Return whether two states of an object are one, in all that a deployment writes."""
    return all(_said(one, part) == _said(other, part) for part in ("spec", "labels", "annotations"))


def notes(found: Document) -> dict[str, str]:
    """Return the annotations of an object."""
    return found["metadata"].get("annotations") or {}


def condition(found: Document, kind: str) -> Document:
    """Return a condition of an object; empty when it has none of that kind."""
    conditions: list[Document] = found.get("status", {}).get("conditions") or []
    return next((item for item in conditions if item["type"] == kind), Document())


def _said(found: Document, part: str) -> Any:
    return found[part] if part == "spec" else found["metadata"].get(part) or {}


def _manifest(live: Document) -> Document:
    """Return a Deployment as it can be applied again; how many copies there are is not its own affair."""
    spec = {key: value for key, value in live["spec"].items() if key != "replicas"}
    ours = {key: value for key, value in notes(live).items() if key.startswith(PREFIX) and key != UNFINISHED}
    metadata = {key: live["metadata"][key] for key in ("name", "namespace", "labels")}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {**metadata, "annotations": ours}, "spec": spec}
