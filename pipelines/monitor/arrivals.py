"""Prediction logs and labels, wherever they arrive: a folder, or a prefix in S3 that is copied to be read."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines import writes
from pipelines.release.package import CHUNK_BYTES
from pipelines.uris import local_path

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path


@contextlib.contextmanager
def arrived(uri: str, ending: str, scratch: Path, access: Mapping[str, str] | None = None) -> Generator[Path]:
    """Give a folder with the files at an address; problems of a file name its address.

    Args:
        uri: Folder (`file:///…`) or prefix (`s3://…`); files directly below it count.
        ending: Of the files that are wanted: `.jsonl`.
        scratch: Folder to copy to, which is not there yet.
        access: Arguments of the client that say where S3 is asked, and as whom.
    """
    if not uri.startswith("s3://"):
        yield local_path(uri)
        return
    _copy(uri, ending, scratch, access)
    try:
        yield scratch
    except UserError as error:
        raise UserError(problem.replace(str(scratch), uri) for problem in error.problems) from error


def _copy(uri: str, ending: str, scratch: Path, access: Mapping[str, str] | None) -> None:
    from pipelines.store.s3 import explained, s3_client

    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    client = s3_client(access)
    with explained(uri, bucket, "monitoring in the contract"):
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/", Delimiter="/")
        for key in (item.get("Key", "") for page in pages for item in page.get("Contents", [])):
            if key.endswith(ending):
                body = client.get_object(Bucket=bucket, Key=key)["Body"]
                with contextlib.closing(body):
                    writes.stage_file(scratch / key.rpartition("/")[2], body.iter_chunks(CHUNK_BYTES))
