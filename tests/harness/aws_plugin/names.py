"""Names that Pulumi gives where the program gives none."""

from __future__ import annotations

from typing import Any

from tests.harness.plugin.names import DEFAULTS, made_up


def fill(given: dict[str, Any], old: dict[str, Any], named: str, logical: str, seed: bytes) -> dict[str, Any]:
    """Return the inputs with a physical name: the old one, or the logical name and seven random characters."""
    filled = dict(given)
    prefix = "bucketPrefix" if named == "bucket" else f"{named}Prefix"
    if not named or given.get(named) or given.get(prefix):
        return filled
    before = old.get(named) if named in old.get(DEFAULTS, []) else None
    return filled | {named: before or made_up(logical, seed), DEFAULTS: [named]}


def is_fixed(given: dict[str, Any], named: str) -> bool:
    """Return whether the program itself gave the physical name: then two cannot exist at once."""
    return bool(named and given.get(named) and named not in given.get(DEFAULTS, []))
