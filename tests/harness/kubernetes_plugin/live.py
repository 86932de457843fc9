"""What is live, in the words of what was asked for."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity


def current(given: Any, live: Any) -> Any:
    """Return an input as it is now; what others added to the object is not ours.

    Args:
        given: The input.
        live: The same part of the object, where the API server has filled in defaults, rewritten quantities and left
            out what is empty.
    """
    match given, live:
        case dict(), dict():
            there = {key: live.get(key, value) for key, value in given.items() if key in live or not value}
            return {key: current(given[key], value) for key, value in there.items()}
        case list(), list() if len(given) == len(live):
            return [current(one, other) for one, other in zip(given, live, strict=True)]
        case _:
            return given if _quantity(given) == _quantity(live) else live


def readable(live: dict[str, Any]) -> dict[str, Any]:
    """Return an object without the book-keeping of who owns which field, and data also as text, as it may be given."""
    kept = {key: value for key, value in live.get("metadata", {}).items() if key != "managedFields"}
    live = {**live, "metadata": kept}
    if (live.get("apiVersion"), live.get("kind")) != ("v1", "Secret"):
        return live
    data = live.get("data") or {}
    texts = {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
    return {**live, "stringData": {**live.get("stringData", {}), **texts}}


def _quantity(value: Any) -> Decimal | str:
    try:
        return parse_quantity(value)
    except (ValueError, TypeError, AttributeError):
        return repr(value)
