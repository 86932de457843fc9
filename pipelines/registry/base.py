"""What a model registry does, whichever server keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Entry:
    """One release of a model in one environment's registry."""

    model: str
    release: int
    digest: str
    uri: str


class Registry(Protocol):
    """Releases of models; an entry is found by its digest and never changed."""

    def find(self, model: str, digest: str) -> Entry | None:
        """Return the entry of a digest; one look-up, however many releases there are."""
        ...

    def add(self, model: str, digest: str, uri: str, release: int | None, tags: Mapping[str, str]) -> Entry:
        """Enter a digest once; entered again, the first entry is returned.

        Args:
            model: Name of the model.
            digest: Digest of the package.
            uri: Where the package is.
            release: The number that the first environment gave; `None` there, where the registry gives it.
            tags: What else to say of the entry; not part of its identity.
        """
        ...
