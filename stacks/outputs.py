"""Between what components promise and plain sections of documents: out of one stack, and into another."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pulumi

from components.base import Outputs

if TYPE_CHECKING:
    from components.base import Document

AnyOutputs = TypeVar("AnyOutputs", bound=Outputs)

_UNIONS = (typing.Union, types.UnionType)
_NAMES = {"Mapping": Mapping, "Output": pulumi.Output, "Resource": pulumi.Resource}


def values_of(outputs: Outputs) -> dict[str, Any]:
    """Return what a component promises by its fields' names, without what it waits for."""
    return {field.name: getattr(outputs, field.name) for field in dataclasses.fields(outputs) if field.name != "ready"}


def outputs_of(section: Document, kind: type[AnyOutputs]) -> AnyOutputs:
    """Return a section as what its kind promises, for components that need it; nothing of it has to be waited for."""
    values = section.model_dump(mode="json")
    hints = typing.get_type_hints(kind, localns=_NAMES)
    names = [field.name for field in dataclasses.fields(kind) if field.name != "ready"]
    return kind(**{name: _promised(values[name], hints[name]) for name in names})


def _promised(value: Any, hint: Any) -> Any:
    """Return a value as its kind promises it; what decides on resources is promised in the open."""
    if typing.get_origin(hint) is Mapping:
        return {key: _resolved(item) for key, item in cast("dict[str, Any]", value).items()}
    options = typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else (hint,)
    if value is None and type(None) in options:
        return None
    return _resolved(value) if any(typing.get_origin(option) is pulumi.Output for option in options) else value


def _resolved(value: Any) -> pulumi.Output[Any]:
    return pulumi.Output.from_input(value)
