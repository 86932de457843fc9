"""What a program reads of a text that it wrote at the host: one line, invisible to people, on top."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from components.base import Document

if TYPE_CHECKING:
    from typing import TypeVar

    Found = TypeVar("Found", bound=Document)

BEGIN, END = "<!-- stackwright: ", " -->"
LONGEST = 2000


class Proposal(Document):
    """Of a pull request: what it proposes."""

    proposes: str
    """Kind of the change."""
    environment: str | None = None
    model: str | None = None
    subject: str
    """Digest of what it proposes: of the package where a pin moves, else of the changed files."""
    key: str | None = None
    """Idempotency key of the retraining that it came from."""
    run: str | None = None


class Finding(Document):
    """Of an issue: what it is about."""

    finding: str


class Claim(Document):
    """Of a comment on the issue that lists the retrainings of a model: one retraining."""

    retrains: str
    """The model."""
    key: str | None = None
    run: str | None = Field(default=None)
    """Run of the job that makes it."""
    asked: bool = False
    """Whether a person asked for it."""


class Shown(Document):
    """Of the one comment on a pull request."""

    shows: str


def marked(marker: Document, text: str) -> str:
    """Put a marker on top of a text. Nothing in it can end the comment that it is in."""
    said = json.dumps(marker.model_dump(mode="json", exclude_none=True), sort_keys=True)
    for sign in "-<>":
        said = said.replace(sign, f"\\u{ord(sign):04x}")
    return f"{BEGIN}{said}{END}\n{text}"


def read(text: str, kind: type[Found]) -> Found | None:
    """Return the marker of a text, if its first line is one of this kind; others, and damaged ones, are none."""
    line = text.partition("\n")[0].strip("\r")
    if len(line) > LONGEST or not line.startswith(BEGIN) or not line.endswith(END):
        return None
    try:
        return kind.model_validate(json.loads(line.removeprefix(BEGIN).removesuffix(END)))
    except (ValueError, ValidationError, RecursionError):
        return None


def without_marker(text: str) -> str:
    """Return what people see of a text."""
    first, _, rest = text.partition("\n")
    return rest if first.startswith(BEGIN) else text
