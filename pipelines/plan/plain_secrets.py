"""Find secrets that stand in the open: by the name of the field, or by the shape of the value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pipelines.plan.graph import GraphResource

_NAMES = re.compile(
    r"(password|passwd|passphrase|secret|token|api_?key|private_?key|access_?key|secret_?key|credentials?"
    r"|secret_?string|secret_?binary)$",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(client_?request_?token"
    r"|(credentials|existing|github_?config|models|prediction_?log|server_?ca|server_?tls)_?secret)$",
    re.IGNORECASE,
)

_SHAPES = {
    "an AWS access key": re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a GitHub token": re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
    "an address with a password": re.compile(r"\b[a-z][a-z0-9+]*://[^\s:/@$]+:[^\s/@$]+@"),
}
"""What a value looks like -> how to find it."""

_ELSEWHERE = re.compile(r"^(arn:|kubernetes:///|\$\{[^{}]*\}$|/|https?://[^@]*$|file:)")
"""Values that say where a secret is, not what it is."""


def plain_secrets(resource: GraphResource) -> Iterator[str]:
    """Say which inputs hold a secret as plain text; the value itself is never shown.

    It knows names of fields and of environment variables, and the shape of keys, tokens and addresses with a
    password. A secret under a name that says nothing, and of no known shape, is not found.
    """
    for path, value in _texts(resource.inputs, ""):
        what = _found(path, value)
        if what:
            yield (
                f"{resource.label}: {path}: holds {what} as plain text, which the state would keep unencrypted; "
                "read it from the secret store, or pass it as `Output.secret`"
            )


def _found(path: str, value: str) -> str | None:
    for what, shape in _SHAPES.items():
        if shape.search(value):
            return what
    name = re.sub(r"\[\d+\]", "", path).rsplit(".", 1)[-1]
    named = _NAMES.search(name) and not _HARMLESS.search(name)
    return "a secret" if named and value and not _ELSEWHERE.match(value) else None


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Return every text with its path; an environment variable counts under its own name."""
    match value:
        case str() if value[:1] in "[{" and _parsed(value) is not None:
            yield from _texts(_parsed(value), path)
        case str():
            yield path, value
        case dict():
            fields = cast("dict[str, Any]", value)
            variable = fields.get("name") if isinstance(fields.get("value"), str) else None
            for key, item in fields.items():
                named = f"{key}.{variable}" if variable and key == "value" else key
                yield from _texts(item, f"{path}.{named}" if path else named)
        case list():
            for index, item in enumerate(cast("list[Any]", value)):
                yield from _texts(item, f"{path}[{index}]")
        case _:
            pass


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
