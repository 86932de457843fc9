"""Between the engine's property values and plain ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN

__all__ = ["UNKNOWN", "known", "plain", "secret_keys", "wire"]


def plain(values: Mapping[str, PropertyValue]) -> dict[str, Any]:
    """Return plain values, whole numbers as integers; what is not known yet is `UNKNOWN`."""
    return {key: _plain(value) for key, value in values.items()}


def secret_keys(values: Mapping[str, PropertyValue]) -> set[str]:
    """Return the properties that are secret, or that hold a secret."""
    return {key for key, value in values.items() if value.contains_secret()}


def wire(values: Mapping[str, Any], secrets: set[str]) -> dict[str, PropertyValue]:
    """Return property values, the named ones as secrets."""
    return {key: _wire(value).with_secret(key in secrets) for key, value in values.items() if value is not None}


def known(value: Any) -> bool:
    """Return whether every part of a value is known."""
    match value:
        case dict():
            return all(known(item) for item in value.values())
        case list():
            return all(known(item) for item in value)
        case _:
            return value != UNKNOWN


def _plain(value: PropertyValue) -> Any:
    match value.value:
        case bool() | str() | None:
            return value.value
        case float() as number:
            return int(number) if number.is_integer() else number
        case Mapping() as fields:
            return plain(fields)
        case Sequence() as items:
            return [_plain(item) for item in items]
        case other:
            raise TypeError(f"values of type {type(other).__name__} are not supported by the stand-in")


def _wire(value: Any) -> PropertyValue:
    match value:
        case dict():
            return PropertyValue({str(key): _wire(item) for key, item in value.items() if item is not None})
        case list() | tuple() | set():
            return PropertyValue([_wire(item) for item in value])
        case bool() | str() | None:
            return PropertyValue(value)
        case int() | float():
            return PropertyValue(float(value))
        case _:
            return PropertyValue(str(value))
