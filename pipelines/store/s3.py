"""An artifact store in an S3 bucket, or in anything that speaks its protocol (the contract's endpoint).

A package's manifest is put last: before it, nobody sees the rest. Every put is on condition that the key is new, so
that two writers cannot mix, and a copy that was interrupted goes on where it stopped. SeaweedFS keeps the condition
since 3.97, and among writers at the same moment since 4.18 (its pull requests 7154 and 8802). Where a store ignores it,
two writers of one package write the same bytes, for its digest names them; where a store refuses it, a look before the
put takes its place. What was written is read back and compared, whatever the store says.
"""

from __future__ import annotations

import contextlib
import os
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import aws, writes
from pipelines.release.package import CHUNK_BYTES, MANIFEST, FileEntry, Package, canonical, parse_digest, read_chunks
from pipelines.store import copying

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from mypy_boto3_s3 import S3Client

    Explained = AbstractContextManager[None]

CHECKSUMS = ("request_checksum_calculation", "response_checksum_validation")
"""Settings of botocore's `Config`: whether checksums are sent that servers other than Amazon's may not know."""
LARGE_BYTES = 64 * CHUNK_BYTES


class S3Store:
    """Packages under `s3://<bucket>/<prefix>/<hex>/`.

    The identity needs `s3:GetObject` to read, `s3:PutObject` to write, and `s3:ListBucket` on the prefix: without it
    S3 says "access denied" of an object that is not there.
    """

    def __init__(self, bucket: str, prefix: str, access: Mapping[str, str] | None = None) -> None:
        self.bucket = bucket
        self.prefix = prefix
        self._access = access

    def uri(self, digest: str) -> str:
        """Return the address of a package."""
        return f"s3://{self.bucket}/{self._key(digest)}"

    def manifest(self, digest: str) -> bytes | None:
        """Return what is stored as the package's manifest, or nothing."""
        return self._get(f"{self._key(digest)}/{MANIFEST}")

    def read(self, digest: str, path: str) -> Iterator[bytes]:
        """Read one file of a package piece by piece; a broken connection is taken up where it broke."""
        from botocore.exceptions import BotoCoreError

        offset, attempt = 0, 1
        with self._explained(f"{self.uri(digest)}/{path}"):
            while True:
                try:
                    for chunk in self._stream(f"{self._key(digest)}/{path}", offset):
                        offset += len(chunk)
                        yield chunk
                except BotoCoreError:
                    if attempt == aws.ATTEMPTS:
                        raise
                    time.sleep(2**attempt / 4)
                    attempt += 1
                else:
                    return

    def holds(self, digest: str) -> bool:
        """Return whether the package is there."""
        return copying.holds(self, digest)

    def publish(self, package: Package) -> bool:
        """Copy a package into the store; `False` when it is there already."""
        if self.holds(package.digest):
            return False
        copying.check_files(package.files, lambda path: read_chunks(package.folder / path), str(package.folder))
        for entry in package.files:
            self._put(f"{self._key(package.digest)}/{entry.path}", package.folder, entry)
        copying.check_files(package.files, lambda path: self.read(package.digest, path), self.uri(package.digest))
        with self._explained(self.uri(package.digest)):
            key = f"{self._key(package.digest)}/{MANIFEST}"
            return writes.put_object(self._client, self.bucket, key, canonical(package.files))

    def open(self, digest: str, scratch: Path) -> Package:
        """Fetch the package into `scratch`."""
        return self.fetch(digest, scratch / parse_digest(digest))

    def fetch(self, digest: str, folder: Path) -> Package:
        """Copy the package into a new local folder, verified."""
        return copying.fetch(self, digest, folder)

    def check(self, digest: str) -> None:
        """Read every byte of the package and compare with the digest."""
        copying.check(self, digest)

    def read_attestation(self, digest: str, environment: str) -> bytes | None:
        """Return an environment's signature over a package, or nothing."""
        return self._get(f"{self._key(digest)}.{environment}.sig")

    def write_attestation(self, digest: str, environment: str, content: bytes) -> bool:
        """Put an environment's signature beside the package; the first is kept."""
        key = f"{self._key(digest)}.{environment}.sig"
        with self._explained(f"s3://{self.bucket}/{key}"):
            return writes.put_object(self._client, self.bucket, key, content)

    def _key(self, digest: str) -> str:
        return f"{self.prefix}/{parse_digest(digest)}"

    def _get(self, key: str) -> bytes | None:
        with self._explained(f"s3://{self.bucket}/{key}"):
            try:
                return self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except self._client.exceptions.NoSuchKey:
                return None

    def _stream(self, key: str, offset: int) -> Iterator[bytes]:
        span: Any = {"Range": f"bytes={offset}-"} if offset else {}
        body: Any = self._client.get_object(Bucket=self.bucket, Key=key, **span)["Body"]
        with contextlib.closing(body):
            yield from body.iter_chunks(CHUNK_BYTES)

    def _put(self, key: str, folder: Path, entry: FileEntry) -> None:
        """Put one file, unless it is there; reading back decides whether what is there is right."""
        with self._explained(f"s3://{self.bucket}/{key}"), (folder / entry.path).open("rb") as file:
            if entry.size <= LARGE_BYTES:
                writes.put_object(self._client, self.bucket, key, file)
            elif not self._exists(key):
                parts = iter(lambda: file.read(LARGE_BYTES), b"")
                writes.put_large_object(self._client, self.bucket, key, parts)

    def _exists(self, key: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if aws.code_of(error) in {"404", "NoSuchKey"}:
                return False
            raise
        return True

    @cached_property
    def _client(self) -> S3Client:
        return s3_client(self._access)

    def _explained(self, where: str) -> Explained:
        return explained(where, self.bucket)


def s3_client(access: Mapping[str, str] | None = None, **settings: Any) -> S3Client:
    """Return a client of S3, or of what takes its place: bucket in the path, no checksums that only Amazon knows.

    Args:
        access: Arguments that say where it is, and who asks; `AWS_ENDPOINT_URL` and whoever runs this by default.
        settings: Of botocore's `Config`.
    """
    given = (access or {}).get("endpoint_url")
    own = given or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    settings["s3"] = {"addressing_style": "path" if own else "auto"}
    if given:
        settings |= dict.fromkeys(CHECKSUMS, "when_required")
    return aws.client("s3", credentials=access, **settings)


def explained(where: str, bucket: str, named_by: str = "artifact_store.uri in the contract") -> Explained:
    """Turn what S3 says of a bucket into an error that a person can act on."""
    known = {
        "NoSuchBucket": f"bucket `{bucket}` does not exist; check {named_by}",
        "NoSuchKey": "missing, but the manifest lists it; refused",
    }
    return aws.explained(where, "the artifact store", "s3:GetObject, PutObject and ListBucket", known)


def read_object(uri: str, named_by: str) -> bytes | None:
    """Return the object at `s3://<bucket>/<key>`, or nothing; `named_by` is where a person gave the address."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    client = s3_client()
    with explained(uri, bucket, named_by):
        try:
            return client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except client.exceptions.NoSuchKey:
            return None
