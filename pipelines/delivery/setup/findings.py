"""What a look at a repository's settings finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Change:
    """One change at the host, not made yet."""

    where: str
    """`environment prod`; when one change of a place fails, the later ones of it are not tried."""
    what: str
    make: Callable[[], object] = field(repr=False)

    @property
    def told(self) -> str:
        """Say it in a line."""
        return f"{self.where}: {self.what}"


@dataclass(frozen=True)
class Guarantee:
    """Something that delivery relies on, and whether the plan of the account gives it."""

    what: str
    holds: bool
    told: str
    """By what it holds, or what takes its place."""


@dataclass
class Findings:
    """All that was found; filled by one check after the other."""

    changes: list[Change] = field(default_factory=list[Change])
    problems: list[str] = field(default_factory=list[str])
    """What only people can put right; as long as there is one, nothing is changed."""
    by_hand: list[str] = field(default_factory=list[str])
    """Steps that remain for people after the changes."""
    guarantees: list[Guarantee] = field(default_factory=list[Guarantee])
    trust: list[str] = field(default_factory=list[str])
    """As whom the jobs of each environment are known to its stack."""
    notes: list[str] = field(default_factory=list[str])

    def change(self, where: str, what: str, make: Callable[..., object], *arguments: object) -> None:
        """Note a change."""
        self.changes.append(Change(where, what, lambda: make(*arguments)))
