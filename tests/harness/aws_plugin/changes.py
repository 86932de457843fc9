"""What changed between two sets of inputs, and what that does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pulumi.provider.experimental.provider import PropertyDiffKind

from pipelines.plan.schemas import Effect, effect

if TYPE_CHECKING:
    from tests.harness.aws_plugin.handlers.base import Handler
    from tests.harness.aws_plugin.kept import KeptHandler

_KINDS = {
    ("add", False): PropertyDiffKind.ADD,
    ("add", True): PropertyDiffKind.ADD_REPLACE,
    ("delete", False): PropertyDiffKind.DELETE,
    ("delete", True): PropertyDiffKind.DELETE_REPLACE,
    ("update", False): PropertyDiffKind.UPDATE,
    ("update", True): PropertyDiffKind.UPDATE_REPLACE,
}


@dataclass(frozen=True)
class Change:
    """One changed input."""

    what: str
    """`add`, `delete` or `update`."""
    replaces: bool
    """Whether it replaces the resource."""

    @property
    def kind(self) -> PropertyDiffKind:
        """How the engine calls it."""
        return _KINDS[self.what, self.replaces]


def changes(type_: str, handler: Handler | KeptHandler, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Change]:
    """Return what changed by its path."""
    found: dict[str, Change] = {}
    for path, what in _compare(old, new, ""):
        top = path.split(".")[0].split("[")[0]
        explicit = top in handler.replaces or path in handler.replaces
        found[path] = Change(what, explicit or (top not in handler.later and effect(type_, path) is Effect.REPLACES))
    return found


def same(one: Any, other: Any) -> bool:
    """Return whether two values mean the same: documents are read, the order of a list of names does not matter."""
    if one == other:
        return True
    match one, other:
        case str(), str():
            return _read(one) == _read(other)
        case list(), list() if all(isinstance(item, str) for item in [*one, *other]):
            return sorted(one) == sorted(other)
        case list(), list():
            return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
        case dict(), dict():
            return set(one) == set(other) and all(same(one[key], other[key]) for key in one)
        case _:
            return False


def _compare(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key in sorted(set(old) | set(new)):
        if key.startswith("__"):
            continue
        where = f"{path}{key}"
        if key not in new:
            yield where, "delete"
        elif key not in old:
            yield where, "add"
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            yield from _compare(old[key], new[key], f"{where}.")
        elif not same(old[key], new[key]):
            yield where, "update"


def _read(text: str) -> Any:
    """Return a JSON document as a value, and any other text as itself."""
    try:
        return json.loads(text) if text[:1] in "[{" else text
    except ValueError:
        return text
