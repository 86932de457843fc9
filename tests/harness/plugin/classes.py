"""What the classes of an SDK say of inputs, to any depth."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator
from typing import Any

from pulumi import _types

from tests.harness.plugin.wire import UNKNOWN

Fields = dict[str, Any]
"""Input by its name on the wire -> its type."""

_PLAIN = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def fields_of(arguments: type) -> Fields:
    """Return the fields of a class of inputs."""
    return typing.cast("Fields", _types.input_type_types(arguments))


def unknown_properties(inputs: dict[str, Any], fields: Fields) -> Iterator[tuple[str, str]]:
    """Yield the path of every given property that the class does not have, and what is wrong."""
    for where, _, fields_here in _walk(inputs, fields, ""):
        name = where.rpartition(".")[2]
        if name not in fields_here:
            near = difflib.get_close_matches(name, fields_here, n=1)
            yield where, "unknown property" + (f"; did you mean `{near[0]}`?" if near else "")


def wrong_types(inputs: dict[str, Any], fields: Fields) -> Iterator[tuple[str, str]]:
    """Yield the path of every property whose value is not what the class says, and what is wrong."""
    for where, value, fields_here in _walk(inputs, fields, ""):
        wanted = _plain_types(fields_here.get(where.rpartition(".")[2]))
        if wanted and value not in (None, UNKNOWN) and not any(_is(value, one) for one in wanted):
            yield where, f"`{value!r:.60}` is not {' or '.join(_PLAIN[one] for one in wanted)}"


def _walk(given: dict[str, Any], fields: Fields, path: str) -> Iterator[tuple[str, Any, Fields]]:
    """Yield path and value of every property, with the fields that are allowed where it is."""
    for key, value in given.items():
        where = f"{path}{key}"
        if key.startswith("__"):
            continue
        yield where, value, fields
        inner = _nested(fields.get(key))
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if inner and isinstance(item, dict):
                at = f"{where}[{index}]." if isinstance(value, list) else f"{where}."
                yield from _walk(item, fields_of(inner), at)


def _nested(type_: Any) -> type | None:
    """Return the input class inside a type: in a list, in a union, in an awaitable."""
    if isinstance(type_, type) and _types.is_input_type(type_):
        return type_
    if typing.get_origin(type_) is dict or "Mapping" in str(typing.get_origin(type_)):
        return None
    return next((found for part in typing.get_args(type_) if (found := _nested(part))), None)


def _plain_types(type_: Any) -> list[type]:
    """Return the plain types that a value may have; none where it may have others."""
    parts = typing.get_args(type_) if typing.get_origin(type_) is typing.Union else (type_,)
    return list(parts) if all(part in _PLAIN for part in parts) else []


def _is(value: Any, type_: type) -> bool:
    if type_ in (int, float):
        return isinstance(value, int if type_ is int else (int, float)) and not isinstance(value, bool)
    return isinstance(value, type_)
