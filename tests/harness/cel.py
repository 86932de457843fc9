"""The part of CEL that rules of ours are written in, for admission and for tokens, as Python decides it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

_STRINGS = re.compile(r"""('[^']*'|"[^"]*")""")
_WORDS = (
    (re.compile(r"\bhas\(([\w.]+)\)"), r"has(lambda: \1)"),
    (re.compile(r"\.all\((\w+), "), r".all(lambda \1: "),
    (re.compile(r"!(?!=)"), " not "),
    (re.compile(r"&&"), " and "),
    (re.compile(r"\|\|"), " or "),
    (re.compile(r"\bstartsWith\b"), "startswith"),
    (re.compile(r"\b(\w+)\.contains\("), r"contains(\1, "),
)


class Missing(Exception):  # noqa: N818 - as CEL says `no such key`
    """A field that is not there was looked at without `has`."""


class Node:
    """A value of an object, with fields as attributes."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __getattr__(self, name: str) -> Any:
        if not isinstance(self._value, Mapping) or name not in self._value:
            raise Missing(name)
        found = self._value[name]
        return Node(found) if isinstance(found, Mapping | list) else found

    def __eq__(self, other: object) -> bool:
        return self._value == (other._value if isinstance(other, Node) else other)

    def __hash__(self) -> int:
        return hash(repr(self._value))

    def __contains__(self, item: object) -> bool:
        return item in self._value

    def all(self, holds: Callable[[Any], bool]) -> bool:
        """Return whether something holds for every item of a list, or every key of a mapping."""
        return all(holds(Node(item) if isinstance(item, Mapping) else item) for item in self._value)


def evaluate(expression: str, value: Mapping[str, Any], request: Mapping[str, Any] | None = None) -> bool:
    """Decide an expression about `object` and `request`; what is not of the part raises."""
    return bool(_evaluated(expression, {"object": Node(value), "request": Node(request or {})}))


def of_claims(expression: str, claims: Mapping[str, Any]) -> Any:
    """Return what an expression about the `claims` of a token is; a claim that is not there raises `Missing`."""
    return _evaluated(expression, {"claims": Node(claims)})


def _evaluated(expression: str, names: Mapping[str, Any]) -> Any:
    quoted = _STRINGS.findall(expression)
    numbers = count()
    text = _python(_ternary(_STRINGS.sub(lambda _: f"\0{next(numbers)}\0", expression)))
    words = re.sub("\0(\\d+)\0", lambda found: quoted[int(found[1])], " ".join(text.split())).strip()
    return eval(words, {"__builtins__": {}, "has": _has, "contains": _contains, **names})


def _ternary(text: str) -> str:
    """Write `a ? b : c` as Python does; `b` holds none itself."""
    condition, asks, rest = text.partition("?")
    if not asks:
        return text
    yes, _, no = rest.partition(":")
    return f"(({yes}) if ({condition}) else ({_ternary(no)}))"


def _python(text: str) -> str:
    for pattern, instead in _WORDS:
        text = pattern.sub(instead, text)
    return text


def _has(read: Callable[[], Any]) -> bool:
    try:
        read()
    except Missing:
        return False
    return True


def _contains(text: str, part: str) -> bool:
    return part in text
