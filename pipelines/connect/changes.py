"""A checked document takes the place of an older one, and says what changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from pydantic import Field

from components.base import Document
from pipelines import writes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONGEST = 80


class Change(Document):
    """What became of one document."""

    environment: str
    path: str
    """File that holds it."""
    source: str
    """Where it came from."""
    status: Literal["done", "nothing to do"]
    changes: list[str] = Field(default_factory=list[str])
    """What changed, a field a line."""

    @property
    def summary(self) -> str:
        """Say it to a person."""
        if self.status == "nothing to do":
            return f"{self.path} is what {self.source} says"
        return "\n".join([f"{self.path} is from {self.source}", *(f"  {change}" for change in self.changes)])


def text_of(document: Mapping[str, Any]) -> bytes:
    """Write a document as it lies in a repository."""
    return (json.dumps(document, indent=2) + "\n").encode()


def replace_document(path: Path, document: Mapping[str, Any], *, environment: str, shown: str, source: str) -> Change:
    """Give a document's file new content, unless it has it."""
    old, new = path.read_bytes() if path.is_file() else None, text_of(document)
    if old != new:
        writes.replace_file(path, new)
    found = ["new"] if old is None else list(differences(_parsed(old), document))
    return Change(
        environment=environment,
        path=shown,
        source=source,
        status="nothing to do" if old == new else "done",
        changes=[] if old == new else found or ["written differently, says the same"],
    )


def differences(old: object, new: object, path: str = "") -> Iterator[str]:
    """Yield what differs between two documents, a field a line."""
    before, after = _fields(old), _fields(new)
    if before is None or after is None:
        if old != new:
            yield f"{path or 'document'}: {_change(old, new)}"
        return
    for name in sorted(before.keys() | after.keys()):
        inner = f"{path}.{name}".strip(".")
        if name not in after:
            yield f"{inner}: removed"
        elif name not in before:
            yield f"{inner}: added: {_shown(after[name])}"
        else:
            yield from differences(before[name], after[name], inner)


def _fields(value: object) -> dict[str, object] | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _change(old: object, new: object) -> str:
    shown = f"{_shown(old)} -> {_shown(new)}"
    return shown if len(shown) <= LONGEST and "…" not in shown else "changed"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST and "\n" not in text else "…"


def _parsed(content: bytes) -> object:
    """Return what a file holds; what cannot be read is replaced, whatever it was."""
    try:
        return json.loads(content)
    except ValueError:
        return None
