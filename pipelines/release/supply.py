"""What a package was made with: the lock of its libraries, and the list of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pydantic import Field

from components.base import Document
from components.errors import UserError
from pipelines.release.package import Digest
from stacks.load import parse

if TYPE_CHECKING:
    from pathlib import Path

LOCK, SBOM, MADE = "uv.lock", "build/sbom.json", "build/supply.json"


class Supply(Document):
    """The libraries that a project had when its candidate was judged."""

    lock: Digest
    """Sha256 of uv.lock."""
    sbom: Digest | None = None
    """Sha256 of the list of libraries (CycloneDX), as `make sbom` made it of that lock; none where it did not."""
    components: int | None = Field(default=None, ge=0)
    """How many the list holds."""


def supply_of(root: Path) -> Supply | None:
    """Return the digests of a project's lock and list; none without a lock. A list of another lock is no list."""
    lock = _digest(root / LOCK)
    if lock is None:
        return None
    try:
        made = parse((root / MADE).read_bytes(), Supply, MADE)
    except (OSError, UserError):
        return Supply(lock=lock)
    fits = made.lock == lock and made.sbom is not None and made.sbom == _digest(root / SBOM)
    return made if fits else Supply(lock=lock)


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError:
        return None
