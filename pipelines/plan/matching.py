"""Find a resource of a new graph in an old one, under its own name or a former one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pipelines.plan.graph import STACK

if TYPE_CHECKING:
    from pipelines.plan.graph import Graph, GraphResource


class Matcher:
    """Knows which old resource each new one continues, as the engine finds it by aliases."""

    def __init__(self, before: Graph, after: Graph) -> None:
        self._before = before
        self._after = after
        self._former = lru_cache(maxsize=None)(self._all_former)

    def pairs(self) -> dict[str, str]:
        """Return new URN -> old URN; an old resource is continued once, at first by what still has its URN."""
        known = self._before.by_urn
        found = {resource.urn: resource.urn for resource in self._after.resources if resource.urn in known}
        taken = set(found.values())
        for resource in self._after.resources:
            if resource.urn in found:
                continue
            former = next((urn for urn in self._former(resource.urn) if urn in known and urn not in taken), None)
            if former:
                found[resource.urn] = former
                taken.add(former)
        return found

    def _all_former(self, urn: str) -> tuple[str, ...]:
        """Return the URN and every former one: own aliases, under each name that the parent has had."""
        resource = self._after.by_urn[urn]
        parents = self._parents(resource)
        own: list[dict[str, Any]] = [
            {},
            *(json.loads(alias) for alias in resource.aliases if not alias.startswith("urn:")),
        ]
        spelled = [alias for alias in resource.aliases if alias.startswith("urn:")]
        made = [self._urn(resource, alias, parent) for alias in own for parent in parents]
        return tuple(dict.fromkeys([urn, *spelled, *made]))

    def _parents(self, resource: GraphResource) -> tuple[str, ...]:
        if resource.parent in self._after.by_urn:
            return self._former(resource.parent or "")
        return (resource.parent or "",)

    def _urn(self, resource: GraphResource, alias: dict[str, Any], parent: str) -> str:
        """Return the URN that a partial alias means; a child named after its parent is renamed with it."""
        above = "" if alias.get("noParent") else alias.get("parentUrn") or parent
        name = alias.get("name") or _renamed(resource, self._after, above)
        stack, project = alias.get("stack") or self._after.stack, alias.get("project") or self._after.project
        type_ = alias.get("type") or resource.type
        kinds = above.split("::")[2] if above else STACK
        qualified = type_ if kinds == STACK else f"{kinds}${type_}"
        return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"


def _renamed(resource: GraphResource, after: Graph, parent: str) -> str:
    now = after.by_urn.get(resource.parent or "")
    former = "::".join(parent.split("::")[3:])
    if now and former and resource.name.startswith(now.name):
        return former + resource.name[len(now.name) :]
    return resource.name


def continues(before: Graph, after: Graph) -> dict[str, str]:
    """Return new URN -> the URN in the old graph that it continues."""
    return Matcher(before, after).pairs()


def rewritten(value: Any, renamed: dict[str, str]) -> Any:
    """Return a value of the old graph with the placeholders of renamed resources as the new graph writes them."""
    if not renamed:
        return value
    text = json.dumps(value)
    for old, new in renamed.items():
        text = text.replace(old, new)
    return json.loads(text)


def placeholders_of(renamed: Iterator[tuple[GraphResource, GraphResource]]) -> dict[str, str]:
    """Return old -> new beginnings of the placeholders of resources whose name or type changed."""
    return {
        f"${{{old.type}::{old.name}.": f"${{{new.type}::{new.name}."
        for old, new in renamed
        if (old.type, old.name) != (new.type, new.name)
    }
