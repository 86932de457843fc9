"""What stands for the values that only a provider knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

import pulumi
from pulumi import _types  # pyright: ignore[reportPrivateUsage] - where it keeps the types of outputs

DEEP = 6


def placeholders(resource: type[pulumi.Resource] | None, whose: str) -> dict[str, Any]:
    """Return a placeholder for the outputs of a resource class.

    Text says whose it is, `${aws:kms/key:Key::artifacts.arn}`, and a list has one item; numbers and flags are left
    out, for no program may depend on them.
    """
    types: Mapping[str, type] = _types.resource_types(resource) if resource else {}
    made = {name: _placeholder(type_, f"{whose}.{name}", 0) for name, type_ in types.items()}
    return {name: value for name, value in made.items() if value is not None}


def _placeholder(type_: Any, where: str, depth: int) -> Any:
    if depth > DEEP:
        return None
    if type_ is str:
        return f"${{{where}}}"
    if get_origin(type_) is Sequence:
        item = _placeholder(get_args(type_)[0], f"{where}[0]", depth + 1)
        return [] if item is None else [item]
    if isinstance(type_, type) and _types.is_output_type(type_):
        fields = _types.output_type_types(type_)
        made = {name: _placeholder(kind, f"{where}.{name}", depth + 1) for name, kind in fields.items()}
        return {name: value for name, value in made.items() if value is not None}
    return None
