"""Hold values against CloudFormation's schemas: required, types, enums, patterns, bounds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from pipelines.plan.graph import is_known, is_secret
from pipelines.plan.schemas import REGION, Node, property_name, resolve, schema_of, step
from pipelines.plan.type_table import ALWAYS_IN_PLACE, ALWAYS_REPLACES, TYPES, Row

if TYPE_CHECKING:
    from pipelines.plan.graph import Graph, GraphResource

_NAMED_BY_PROVIDER = re.compile(r"(Name|Description|ResourceType|ResourceId)$")
"""Required properties that Pulumi or the provider fill in."""


def wrong_values(graph: Graph) -> Iterator[tuple[GraphResource, str]]:
    """Say every value that AWS would refuse, as far as the schemas know; what is not known yet is left out."""
    for resource in graph.managed:
        for problem in _of(resource, _region(graph, resource)):
            yield resource, problem


def _region(graph: Graph, resource: GraphResource) -> str:
    provider = graph.by_urn.get(resource.provider or "")
    region = provider.inputs.get("region") if provider else None
    return region if isinstance(region, str) and is_known(region) else REGION


def _of(resource: GraphResource, region: str) -> Iterator[str]:
    row = TYPES.get(resource.type)
    if not row:
        return
    schema = schema_of(row.cfn, region)
    node: Node = {"properties": schema["properties"]}
    for part in row.within:
        node = step(node, part, schema)
    yield from _missing(resource, row, node, schema)
    yield from _object(resource.inputs, node, row, schema, "")


def _missing(resource: GraphResource, row: Row, node: Node, schema: Node) -> Iterator[str]:
    if row.within:
        return
    given = {property_name(node, row, key, schema) for key in resource.inputs}
    for name in schema.get("required", []):
        if name not in given and not _NAMED_BY_PROVIDER.search(name):
            yield f"{_as_input(name, row)}: missing; {row.cfn} requires it"


def _as_input(name: str, row: Row) -> str:
    typed = {value: key for key, value in row.names.items()}
    return typed.get(name) or name[:1].lower() + name[1:]


def _object(value: dict[str, Any], node: Node, row: Row, schema: Node, path: str) -> Iterator[str]:
    for key, item in value.items():
        name = property_name(node, row, key, schema)
        if not name or (not path and key in ALWAYS_IN_PLACE | ALWAYS_REPLACES):
            continue
        yield from _value(item, step(node, name, schema), row, schema, f"{path}.{key}" if path else key)


def _value(value: Any, node: Node, row: Row, schema: Node, path: str) -> Iterator[str]:
    if is_secret(value) or (isinstance(value, str) and not is_known(value)):
        return
    node = resolve(node, schema)
    kinds = _kinds(node)
    match value:
        case dict() if not kinds or kinds & {"object", "array"}:
            yield from _object(cast("dict[str, Any]", value), node, row, schema, path)
        case list() if "array" in kinds:
            yield from _list(cast("list[Any]", value), node, row, schema, path)
        case list() if "object" in kinds:
            for item in cast("list[Any]", value):
                if isinstance(item, dict):
                    yield from _object(cast("dict[str, Any]", item), node, row, schema, path)
        case _:
            yield from _scalar(value, node, kinds, path)


def _list(value: list[Any], node: Node, row: Row, schema: Node, path: str) -> Iterator[str]:
    low, high = node.get("minItems", 0), node.get("maxItems", len(value))
    if not low <= len(value) <= high:
        yield f"{path}: has {len(value)} items; allowed: {low} to {high}"
    for index, item in enumerate(value):
        yield from _value(item, node.get("items", {}), row, schema, f"{path}[{index}]")


def _kinds(node: Node) -> set[str]:
    kind: str | list[str] = node.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)


def _scalar(value: Any, node: Node, kinds: set[str], path: str) -> Iterator[str]:
    if not _fits(value, kinds):
        yield f"{path}: `{_short(value)}` is not {' or '.join(sorted(kinds))}"
        return
    allowed = node.get("enum")
    if allowed and str(value) not in [str(item) for item in allowed]:
        yield f"{path}: `{_short(value)}` is not allowed; choose one of {', '.join(map(str, allowed[:12]))}"
    if isinstance(value, str):
        yield from _text(value, node, path)
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = node.get("minimum", value), node.get("maximum", value)
        if not low <= value <= high:
            yield f"{path}: `{value}` is out of range; allowed: {_range(node, 'minimum', 'maximum')}"


def _text(value: str, node: Node, path: str) -> Iterator[str]:
    low, high = node.get("minLength", 0), node.get("maxLength", len(value))
    if not low <= len(value) <= high:
        allowed = _range(node, "minLength", "maxLength")
        yield f"{path}: `{_short(value)}` has {len(value)} characters; allowed: {allowed}"
        return
    pattern = _compiled(node.get("pattern"))
    if pattern and not pattern.search(value):
        yield f"{path}: `{_short(value)}` does not match `{node['pattern']}`"


def _range(node: Node, low: str, high: str) -> str:
    if low in node and high in node:
        return f"{node[low]} to {node[high]}"
    return f"at least {node[low]}" if low in node else f"at most {node[high]}"


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None


def _fits(value: Any, kinds: set[str]) -> bool:
    """Return whether a value can be one of some JSON types; Pulumi writes documents and numbers as text, too."""
    match value:
        case bool():
            return not kinds or bool(kinds & {"boolean", "string"})
        case int() | float():
            return not kinds or bool(kinds & {"number", "integer", "string"})
        case str():
            return not kinds or "string" in kinds or _reads_as(value, kinds)
        case _:
            return value is None or not kinds


def _reads_as(value: str, kinds: set[str]) -> bool:
    try:
        parsed = json.loads(value)
    except ValueError:
        return False
    return isinstance(parsed, dict) if "object" in kinds else isinstance(parsed, bool | int | float)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
