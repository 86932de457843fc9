"""A policy, and how its examples become graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pipelines.plan.graph import REFERENCE, Graph, GraphResource

Flaw = tuple[GraphResource, str]
"""A resource, and what is wrong with it: lower case, what to do at the end."""

Example = Mapping[str, Mapping[str, Any]]
"""`<type> <name>` -> inputs; `${<type>::<name>.id}` refers to another one."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One rule that every graph must keep to."""

    id: str
    """Stable name, used in suppressions: `s3-private`."""
    reason: str
    """What can happen otherwise; one sentence."""
    source: str
    """Who says so, for somebody who wants to read on."""
    check: Callable[[Graph], Iterable[Flaw]]
    """Finds what breaks it."""
    fires: Sequence[Example]
    """Small graphs that break it."""
    holds: Sequence[Example]
    """Small graphs that keep to it."""


def each(*types: str) -> Callable[[Callable[[GraphResource], str | None]], Callable[[Graph], Iterator[Flaw]]]:
    """Turn a judgement on one resource into a check of all resources of some types."""

    def whole(judge: Callable[[GraphResource], str | None]) -> Callable[[Graph], Iterator[Flaw]]:
        def check(graph: Graph) -> Iterator[Flaw]:
            for resource in graph.of_type(*types):
                said = judge(resource)
                if said:
                    yield resource, said

        return check

    return whole


def beside(graph: Graph, resource: GraphResource, type_: str, through: str) -> list[GraphResource]:
    """Return the resources of a type whose input `through` comes from a resource."""
    return [other for other in graph.of_type(type_) if resource.urn in other.property_dependencies.get(through, ())]


def inside(value: Any, *path: str) -> dict[str, Any]:
    """Return the object at a path; an empty one where there is none."""
    for key in path:
        value = cast("dict[str, Any]", value).get(key) if isinstance(value, dict) else None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list; an empty one where there is none."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def sketch(example: Example) -> Graph:
    """Return the graph of an example."""
    urns = {label: _urn(*label.split(" ", 1)) for label in example}
    resources = [_resource(label, inputs, urns) for label, inputs in example.items()]
    return Graph(project="example", stack="example", resources=tuple(sorted(resources, key=lambda item: item.urn)))


def _urn(type_: str, name: str) -> str:
    return f"urn:pulumi:example::example::{type_}::{name}"


def _resource(label: str, inputs: Mapping[str, Any], urns: Mapping[str, str]) -> GraphResource:
    type_, name = label.split(" ", 1)
    sources = {key: tuple(sorted(_sources(value, urns))) for key, value in inputs.items()}
    return GraphResource(
        urn=urns[label],
        type=type_,
        name=name,
        custom=True,
        inputs=dict(inputs),
        dependencies=tuple(sorted({urn for found in sources.values() for urn in found})),
        property_dependencies={key: found for key, found in sources.items() if found},
    )


def _sources(value: Any, urns: Mapping[str, str]) -> set[str]:
    found = (f"{type_} {name}" for type_, name in REFERENCE.findall(str(value)))
    return {urns[label] for label in found if label in urns}
