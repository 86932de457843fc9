"""Files that a job shows at the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 4 << 20


def read_text(path: Path) -> str:
    """Return what a file says; what is not text in it is shown as such."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST).decode(errors="replace")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
