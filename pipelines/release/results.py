"""What commands report: one line for people, one document for programs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from components.base import Document

Status = Literal["done", "nothing to do", "blocked"]


class Result(Document):
    """The outcome of one command for one model."""

    command: str
    status: Status
    environment: str
    model: str
    summary: str
    """A sentence for people."""
    details: list[str] = Field(default_factory=list[str])
    """More sentences: reasons, findings."""
    data: dict[str, Any] = Field(default_factory=dict[str, Any])
    """What programs want: digests, releases, paths."""
