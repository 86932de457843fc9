"""Copy an image from one repository into another: the same bytes, by digest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines import writes
from pipelines.images.oci import TYPES

if TYPE_CHECKING:
    from pipelines.images.oci import Repository


def copy_image(source: Repository, target: Repository, digest: str) -> None:
    """Copy an image, or a list of images, that the target does not have; its manifest comes last.

    Every byte is hashed as it is read, and by the target again: a registry names what it keeps by digest.
    """
    if target.holds(digest):
        return
    manifest = source.manifest(digest)
    where = f"{source.uri}@{digest}"
    if manifest.media_type not in TYPES:
        raise UserError(f"{where}: `{manifest.media_type}` is no kind of image; expected one of {', '.join(TYPES)}")
    document = manifest.document
    for one in document.get("manifests", []):
        copy_image(source, target, one["digest"])
    for blob in [*filter(None, [document.get("config")]), *document.get("layers", [])]:
        _copy_blob(source, target, blob)
    writes.change_registry(target.put_manifest, digest, manifest)


def _copy_blob(source: Repository, target: Repository, blob: dict[str, Any]) -> None:
    if not blob.get("urls") and not target.holds_blob(blob["digest"]):
        chunks = source.read_blob(blob["digest"])
        writes.change_registry(target.put_blob, blob["digest"], blob["size"], chunks)
