"""What `pulumi_aws` itself says of a type: its inputs, to any depth, and its outputs."""

from __future__ import annotations

import difflib
import importlib
import re
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any

import pulumi
from pulumi import _types

TOKEN = re.compile(r"aws:(\w+)/(\w+):(\w+)")


def class_of(type_: str) -> type[pulumi.Resource] | None:
    """Return the class of a type token, `aws:s3/bucket:Bucket`; none if the SDK has no such type."""
    found = TOKEN.fullmatch(type_)
    if not found:
        return None
    name = found[1].rstrip("_")
    for module in (f"pulumi_aws.{name}", f"pulumi_aws.{name}_"):
        try:
            return getattr(importlib.import_module(module), found[3], None)
        except ModuleNotFoundError:
            continue
    return None


@cache
def inputs_of(type_: str) -> dict[str, Any]:
    """Return the inputs of a type, with their types."""
    made = class_of(type_)
    if not made:
        return {}
    own = vars(importlib.import_module(made.__module__))
    clash, usual = f"{made.__name__}InitArgs", f"{made.__name__}Args"
    return _fields(own.get(clash) or own[usual])


@cache
def outputs_of(type_: str) -> frozenset[str]:
    """Return the names of what a type has once it is made."""
    made = class_of(type_)
    return frozenset(_types.resource_types(made)) if made else frozenset()


def unknown_properties(type_: str, inputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the path of every given property that the class does not have, and what is wrong."""
    yield from _unknown(inputs, inputs_of(type_), "")


def _unknown(given: dict[str, Any], fields: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in given.items():
        where = f"{path}{key}"
        if key.startswith("__"):
            continue
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            yield where, "unknown property" + (f"; did you mean `{near[0]}`?" if near else "")
            continue
        inner = _nested(fields[key])
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if inner and isinstance(item, dict):
                at = f"{where}[{index}]." if isinstance(value, list) else f"{where}."
                yield from _unknown(item, _fields(inner), at)


def _fields(arguments: type) -> dict[str, Any]:
    return typing.cast("dict[str, Any]", _types.input_type_types(arguments))


def _nested(type_: Any) -> type | None:
    """Return the input class inside a type: in a list, in a union, in an awaitable."""
    if isinstance(type_, type) and _types.is_input_type(type_):
        return type_
    if typing.get_origin(type_) is dict or "Mapping" in str(typing.get_origin(type_)):
        return None
    return next((found for part in typing.get_args(type_) if (found := _nested(part))), None)
