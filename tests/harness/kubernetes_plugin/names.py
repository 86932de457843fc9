"""Names that Pulumi gives where the program gives none."""

from __future__ import annotations

from typing import Any

from tests.harness.kubernetes_plugin.kinds import is_release
from tests.harness.plugin.names import DEFAULTS, made_up


def fill(type_: str, given: dict[str, Any], old: dict[str, Any], named: tuple[str, bytes]) -> dict[str, Any]:
    """Return the inputs with a name: the old one, or the logical name and seven random characters."""
    if name_of(type_, given):
        return dict(given)
    before = name_of(type_, old) if DEFAULTS in old else None
    return _with_name(type_, given, before or made_up(*named)) | {DEFAULTS: ["name"]}


def is_fixed(given: dict[str, Any]) -> bool:
    """Return whether the program itself gave the name: then two cannot exist at once."""
    return DEFAULTS not in given


def name_of(type_: str, inputs: dict[str, Any]) -> str | None:
    """Return the name of an object or a release."""
    return (inputs if is_release(type_) else inputs.get("metadata") or {}).get("name")


def namespace_of(type_: str, inputs: dict[str, Any]) -> str | None:
    """Return the namespace that is asked for."""
    return (inputs if is_release(type_) else inputs.get("metadata") or {}).get("namespace")


def _with_name(type_: str, given: dict[str, Any], name: str) -> dict[str, Any]:
    if is_release(type_):
        return given | {"name": name}
    return given | {"metadata": {**(given.get("metadata") or {}), "name": name}}
