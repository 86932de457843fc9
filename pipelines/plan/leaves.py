"""Which inputs differ between two versions of one resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, cast

MISSING: Any = object()
"""What stands where a value is not there."""

Leaf = tuple[str, Any, Any]
"""Path, value before, value after."""


def differences(before: Any, after: Any, path: str = "") -> Iterator[Leaf]:
    """Return the smallest parts that differ; documents written as JSON are compared as documents.

    Lists of the same length are compared item by item, others as a whole.
    """
    if _document(before) == _document(after):
        return
    if isinstance(before, dict) and isinstance(after, dict) and not _secret(before) and not _secret(after):
        old, new = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        for key in sorted(old | new):
            yield from differences(old.get(key, MISSING), new.get(key, MISSING), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list) and _same_length(before, after):
        for index, (old, new) in enumerate(zip(cast("list[Any]", before), cast("list[Any]", after), strict=True)):
            yield from differences(old, new, f"{path}[{index}]")
    else:
        yield path, before, after


def covers(pattern: str, path: str) -> bool:
    """Return whether an entry of `ignore_changes` or `replace_on_changes` names a path, or something above it."""
    wanted, found = _steps(pattern), _steps(path)
    pairs = zip(wanted, found, strict=False)
    return len(wanted) <= len(found) and all(want in {"*", have} for want, have in pairs)


def _steps(path: str) -> list[str]:
    """Split `a.b[0]["c.d"]` into its steps."""
    found = re.findall(r'\["([^"]*)"\]|\[(\d+|\*)\]|([^.\[\]]+)', path)
    return ["".join(groups) for groups in found]


def _document(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _secret(value: Any) -> bool:
    return value == {"secret": True}


def _same_length(before: Any, after: Any) -> bool:
    return len(before) == len(after)
