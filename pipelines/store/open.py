"""From an artifact store's address to the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from components.errors import UserError, closest

if TYPE_CHECKING:
    from pipelines.store.base import Store

SCHEMES = ("file", "s3")


def open_store(uri: str, project: str) -> Store:
    """Return a project's part of the artifact store at `uri` (`file:///folder` or `s3://bucket/prefix`)."""
    parts = urlsplit(uri)
    match parts.scheme:
        case "file" if parts.path.startswith("/") and parts.netloc in {"", "localhost"}:
            from pipelines.store.folder import FolderStore

            return FolderStore(Path(unquote(parts.path)) / project / "models" / "sha256")
        case "s3" if parts.netloc:
            from pipelines.store.s3 import S3Store

            return S3Store(parts.netloc, "/".join(filter(None, [parts.path.strip("/"), project, "models/sha256"])))
        case "file" | "s3":
            raise UserError(
                f"artifact store `{uri}`: incomplete; expected file:///absolute/folder or s3://bucket/prefix"
            )
        case scheme:
            raise UserError(
                f"artifact store `{uri}`: `{scheme}` is not a scheme of artifact stores{closest(scheme, SCHEMES)};"
                f" choose one of {', '.join(SCHEMES)}"
            )
