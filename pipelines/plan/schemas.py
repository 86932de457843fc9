"""What CloudFormation's own schemas know of AWS types; they come with the cfn-lint package."""

from __future__ import annotations

import importlib.util
import json
import re
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from components.errors import UserError
from pipelines.plan.type_table import ALWAYS_IN_PLACE, ALWAYS_REPLACES, TYPES, Row

REGION = "us-east-1"

Node = dict[str, Any]
"""A JSON schema, or a part of one."""


class Effect(Enum):
    """What a changed input does to the live resource; ordered from harmless to worst."""

    IN_PLACE = "update"
    MAY_REPLACE = "may replace"
    REPLACES = "replace"


@cache
def data_folder() -> Path:
    """Return where cfn-lint keeps its data, without importing it."""
    found = importlib.util.find_spec("cfnlint")
    if not found or not found.origin:
        raise UserError("plan: cfn-lint is not installed; install `stackwright[plan]`")
    return Path(found.origin).parent / "data"


@cache
def types_of(region: str) -> dict[str, str]:
    """Return the CloudFormation types of a region, each with the file of its schema."""
    folder = data_folder() / "schemas" / "providers"
    path = folder / f"{region}.json"
    return json.loads((path if path.exists() else folder / f"{REGION}.json").read_bytes())


@cache
def schema_of(cfn_type: str, region: str = REGION) -> Node:
    """Return the schema of a CloudFormation type, that of another region where CloudFormation lacks it in this one.

    CloudFormation lacks types in regions whose services have them (budgets belong to no region at all), so it says
    nothing of what a region offers.
    """
    file = types_of(region).get(cfn_type) or types_of(REGION)[cfn_type]
    return json.loads((data_folder() / "schemas" / "resources" / f"{file}.json").read_bytes())


def effect(type_: str, path: str) -> Effect:
    """Return what a change of one input does: in place only where a schema describes it as such.

    Args:
        type_: Pulumi type token.
        path: The input, with dots and indexes: `vpcConfig.subnetIds[0]`.
    """
    row = TYPES.get(type_)
    keys = re.sub(r"\[\d+\]", "", path).split(".")
    if not row:
        return Effect.MAY_REPLACE
    if keys[0] in ALWAYS_REPLACES or any(".".join(keys[: n + 1]) in row.replaces for n in range(len(keys))):
        return Effect.REPLACES
    if keys[0] in ALWAYS_IN_PLACE or keys[0] in row.in_place:
        return Effect.IN_PLACE
    return _by_schema(row, keys)


def _by_schema(row: Row, keys: list[str]) -> Effect:
    schema = schema_of(row.cfn)
    mapped = translate(row, keys)
    if len(mapped) == len(row.within):
        return Effect.MAY_REPLACE
    certain = [_parts(pointer) for pointer in schema.get("createOnlyProperties", [])]
    if any(mapped[: len(parts)] == parts for parts in certain):
        return Effect.REPLACES
    depends = [_parts(pointer) for pointer in schema.get("conditionalCreateOnlyProperties", [])]
    within = any(parts[: len(mapped)] == mapped for parts in certain)
    conditional = any(parts[: len(mapped)] == mapped or mapped[: len(parts)] == parts for parts in depends)
    return Effect.MAY_REPLACE if within or conditional else Effect.IN_PLACE


def _parts(pointer: str) -> list[str]:
    return [part for part in pointer.removeprefix("/properties/").split("/") if part != "*"]


def translate(row: Row, keys: list[str]) -> list[str]:
    """Return the path of an input in the schema, as far as the schema knows it."""
    schema = schema_of(row.cfn)
    node: Node | None = {"properties": schema["properties"]}
    mapped: list[str] = []
    for key in row.within:
        node, mapped = step(node or {}, key, schema), [*mapped, key]
    for key in keys:
        name = property_name(node or {}, row, key, schema)
        if not name:
            return mapped
        node, mapped = step(node or {}, name, schema), [*mapped, name]
    return mapped


def property_name(node: Node, row: Row, key: str, schema: Node) -> str | None:
    """Return the property of a schema node that an input is."""
    properties = fields(node, schema)
    named = row.names.get(key)
    if named in properties:
        return named
    return next((name for name in properties if name.lower() == key.lower()), None)


def step(node: Node, name: str, schema: Node) -> Node:
    """Return the schema of a property."""
    return resolve(fields(node, schema).get(name, {}), schema)


def fields(node: Node, schema: Node) -> Node:
    """Return the properties of a node, or of the items of a list of them."""
    whole = resolve(node, schema)
    inner = resolve(whole.get("items", {}), schema) if "items" in whole else whole
    return inner.get("properties", {})


def resolve(node: Node, schema: Node) -> Node:
    """Follow a reference."""
    while "$ref" in node:
        node = schema["definitions"][node["$ref"].rsplit("/", 1)[1]]
    return node
