"""The base of every document and spec."""

from __future__ import annotations

import enum
import functools

from pydantic import BaseModel, ConfigDict


class Document(BaseModel):
    """A frozen, closed document: unknown fields are errors, docstrings under fields are its reference."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@functools.total_ordering
class Tier(enum.Enum):
    """What an environment is for; ordered from the laptop to production."""

    LOCAL = "local"
    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Tier):
            return NotImplemented
        order = list(Tier)
        return order.index(self) < order.index(other)
