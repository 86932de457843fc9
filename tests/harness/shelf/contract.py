"""What every shelf promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output


@dataclass(frozen=True, kw_only=True)
class WallOutputs(Outputs):
    """What a wall promises."""

    color: Output[str]
    """Its color."""


@dataclass(frozen=True, kw_only=True)
class ShelfOutputs(Outputs):
    """What every shelf promises."""

    uri: Output[str | None]
    """Where it is."""


class Hooks(Document):
    """Hooks below a shelf."""

    places: tuple[str, ...]
    """Names of the hooks."""


class WoodenSpec(Spec[ShelfOutputs]):
    """A shelf of wood."""

    flavor: Literal["wooden"] = "wooden"
    boards: tuple[str, ...] = Field(default=("top",), examples=[["top", "middle", "bottom"]])
    """Names of the boards."""
    hooks: Hooks = Field(default=Hooks(places=()), examples=[{"places": ["left", "right"]}])
    """What hangs below."""


class SteelSpec(Spec[ShelfOutputs]):
    """A shelf of steel, of which one field says nothing."""

    flavor: Literal["steel"] = "steel"
    hooks: Hooks = Hooks(places=())
    """What hangs below."""
    boards: tuple[str, ...] = Field(default=("top",), examples=[["top", "middle", "bottom"]])
