"""What is wrong with an object, before anything is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.harness.kubernetes_plugin import custom
from tests.harness.kubernetes_plugin.kinds import inputs_of, is_custom, is_release, namespaced, split
from tests.harness.plugin.classes import unknown_properties, wrong_types

_NEEDED = ("chart", "version", "values")


def found(type_: str, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the path of every wrong input, and what is wrong with it."""
    yield from unknown_properties(given, inputs_of(type_))
    yield from wrong_types(given, inputs_of(type_))
    if is_release(type_):
        yield from ((name, "missing; a release says its chart, version and values") for name in _missing(given))
        return
    yield from _misplaced(type_, given)
    if is_custom(type_):
        yield from custom.wrong(type_, given)


def _missing(given: dict[str, Any]) -> list[str]:
    return [name for name in _NEEDED if given.get(name) in (None, "", {})]


def _misplaced(type_: str, given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    metadata = given.get("metadata") or {}
    if not namespaced(type_) and metadata.get("namespace"):
        yield "metadata.namespace", f"no namespace holds a {split(type_)[1]}"
    if metadata.get("generateName"):
        yield "metadata.generateName", "the stand-in gives no such names; leave the name out, and Pulumi gives one"
