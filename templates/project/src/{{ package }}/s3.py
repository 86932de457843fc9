"""S3, or what answers in its place (`AWS_ENDPOINT_URL_S3`); keys are those of the pod."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

CHECKSUMS = ("request_checksum_calculation", "response_checksum_validation")
"""Settings of botocore: whether checksums are sent that servers other than Amazon's may not know."""

LINES = "application/x-ndjson"
Put = Callable[[str, bytes], None]
"""Puts an object: its name below an address, and its content."""


class StoreError(Exception):
    """A store that does not take what it is given, and why."""


def client(*, connect_seconds: float, read_seconds: float, attempts: int) -> Any:
    """Return a client; nothing is asked of the network yet."""
    import boto3
    from botocore.config import Config

    own = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=connect_seconds,
        read_timeout=read_seconds,
        s3={"addressing_style": "path" if own else "auto"},
        **(dict.fromkeys(CHECKSUMS, "when_required") if own else {}),
    )
    return boto3.client("s3", config=config)


class Writer:
    """Puts objects below an address: one attempt each, a few seconds at most, or a `StoreError`."""

    def __init__(self, address: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        self._bucket, self._prefix = place(address)
        self._client: Any = None
        self._refusals = (BotoCoreError, ClientError, OSError)
        with contextlib.suppress(*self._refusals):  # who gives keys may be away, too: asked again with the first object
            self._connect()

    def __call__(self, name: str, content: bytes) -> None:
        """Put an object."""
        key = f"{self._prefix}/{name}"
        try:
            self._connect().put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=LINES)
        except self._refusals as error:
            raise StoreError(str(error)) from error

    def _connect(self) -> Any:
        self._client = self._client or client(connect_seconds=3, read_seconds=10, attempts=1)
        return self._client


def place(address: str) -> tuple[str, str]:
    """Return bucket and prefix of `s3://bucket/prefix`, or raise `ValueError`."""
    parts = urlsplit(address)
    prefix = parts.path.strip("/")
    if parts.scheme != "s3" or not parts.netloc or not prefix:
        raise ValueError(f"{address}: expected s3://bucket/prefix")
    return parts.netloc, prefix
