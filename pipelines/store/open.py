"""From an artifact store's address to the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from components.errors import UserError, closest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.store.base import Store
    from stacks.contract import Contract

SCHEMES = ("file", "s3")


def store_of(contract: Contract) -> Store:
    """Return the artifact store of an environment, as its own jobs see it."""
    from pipelines.store.access import access_of

    return open_store(contract.artifact_store.uri, contract.project, access_of(contract))


def source_of(contract: Contract) -> Store:
    """Return the artifact store of an environment, as the jobs of those that promote from it see it."""
    from pipelines.store.access import source_access

    return open_store(contract.artifact_store.uri, contract.project, source_access(contract))


def open_store(uri: str, project: str, access: Mapping[str, str] | None = None) -> Store:
    """Return a project's part of the artifact store at `uri` (`file:///folder` or `s3://bucket/prefix`).

    Args:
        uri: Address of the store.
        project: Its name is the first part of every key.
        access: Arguments of the client that say where the store is asked, and as whom.
    """
    parts = urlsplit(uri)
    match parts.scheme:
        case "file" if parts.path.startswith("/") and parts.netloc in {"", "localhost"}:
            from pipelines.store.folder import FolderStore

            return FolderStore(Path(unquote(parts.path)) / project / "models" / "sha256")
        case "s3" if parts.netloc:
            from pipelines.store.s3 import S3Store

            prefix = "/".join(filter(None, [parts.path.strip("/"), project, "models/sha256"]))
            return S3Store(parts.netloc, prefix, access)
        case "file" | "s3":
            raise UserError(
                f"artifact store `{uri}`: incomplete; expected file:///absolute/folder or s3://bucket/prefix"
            )
        case scheme:
            raise UserError(
                f"artifact store `{uri}`: `{scheme}` is not a scheme of artifact stores{closest(scheme, SCHEMES)};"
                f" choose one of {', '.join(SCHEMES)}"
            )
