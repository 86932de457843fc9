"""File addresses."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit


def local_path(uri: str) -> Path:
    """Return the path of a `file:///…` address."""
    return Path(unquote(urlsplit(uri).path))
