"""Which components others need, and which of their children can be replaced without a reason for anybody else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

State = Mapping[str, Any]
"""One resource, as the state file holds it."""


def replaceable(resources: Iterable[State]) -> dict[str, State]:
    """Return one child of each component that others wait for: a child whose values nobody uses.

    A value that changes with its resource may replace who uses it; who only waits for it must not be touched.

    Args:
        resources: All resources of a stack, components included.
    """
    by_urn = {item["urn"]: item for item in resources}
    used = {
        urn for item in by_urn.values() for urns in (item.get("propertyDependencies") or {}).values() for urn in urns
    }
    found: dict[str, State] = {}
    for urn in sorted(by_urn):
        item = by_urn[urn]
        owner = item.get("parent", "")
        name = owner.rsplit("::", 1)[-1]
        if item["custom"] and urn not in used and name not in found and _waited_for(urn, owner, by_urn.values()):
            found[name] = item
    return found


def _waited_for(urn: str, owner: str, resources: Iterable[State]) -> bool:
    """Return whether a resource of another component waits for this one."""
    return any(urn in item.get("dependencies", []) and item.get("parent") != owner for item in resources)
