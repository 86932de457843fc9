"""What changed between two sets of inputs, and what that does."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pulumi.provider.experimental.provider import PropertyDiffKind

_KINDS = {
    ("add", False): PropertyDiffKind.ADD,
    ("add", True): PropertyDiffKind.ADD_REPLACE,
    ("delete", False): PropertyDiffKind.DELETE,
    ("delete", True): PropertyDiffKind.DELETE_REPLACE,
    ("update", False): PropertyDiffKind.UPDATE,
    ("update", True): PropertyDiffKind.UPDATE_REPLACE,
}

Equal = Callable[[Any, Any], bool]


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


class Grown(dict[str, Any]):
    """A live value with more in it than an input has: what was not given is an output, and no drift."""


def first(path: str) -> str:
    """Return the input that a path begins with."""
    return path.split(".")[0].split("[")[0]


def compare(old: dict[str, Any], new: dict[str, Any], equal: Equal = operator.eq) -> Iterator[tuple[str, str]]:
    """Yield the path of every difference, and whether it is an `add`, a `delete` or an `update`."""
    yield from _compare(old, new, "", equal)


def _compare(old: dict[str, Any], new: dict[str, Any], path: str, equal: Equal) -> Iterator[tuple[str, str]]:
    for key in sorted(set(old) | set(new)):
        if key.startswith("__"):
            continue
        where = f"{path}{key}"
        if key not in new:
            yield where, "delete"
        elif key not in old:
            yield where, "add"
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            yield from _compare(old[key], new[key], f"{where}.", equal)
        elif not equal(old[key], new[key]):
            yield where, "update"


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


def _read(text: str) -> Any:
    """Return a JSON document as a value, and any other text as itself."""
    try:
        return json.loads(text) if text[:1] in "[{" else text
    except ValueError:
        return text
