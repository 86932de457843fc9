"""Names that Pulumi gives where the program gives none."""

from __future__ import annotations

import hashlib

DEFAULTS = "__defaults"
"""Inputs that the provider filled in."""


def made_up(logical: str, seed: bytes) -> str:
    """Return the logical name and seven random characters."""
    return f"{logical}-{hashlib.sha256(bytes(seed)).hexdigest()[:7]}"
