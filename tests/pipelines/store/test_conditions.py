"""Stores that know no conditions: writes are still of new keys, as far as one look can tell."""

from __future__ import annotations

import io
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines import writes
from tests.harness.aws import BUCKET, empty_moto_server, point_at, s3_client

PART = bytes(5 << 20)


@pytest.fixture
def unconditional(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    """A client of a store that refuses every put with a condition."""
    with empty_moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        client = s3_client()
        client.create_bucket(Bucket=BUCKET)
        for operation in ("PutObject", "CompleteMultipartUpload"):
            client.meta.events.register(f"before-call.s3.{operation}", _refuse)
        yield client


def _refuse(params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
    if "If-None-Match" not in params["headers"]:
        return None
    said = {"Code": "NotImplemented", "Message": "A header you provided implies functionality that is not implemented"}
    return SimpleNamespace(status_code=501, headers={}), {"Error": said}


def content(client: Any, key: str) -> bytes:
    """Return what lies under a key."""
    return client.get_object(Bucket=BUCKET, Key=key)["Body"].read()


@pytest.mark.parametrize("form", [lambda text: text, io.BytesIO], ids=["bytes", "file"])
def test_the_first_is_kept(form: Any, unconditional: Any) -> None:
    """The whole body is sent again without the condition, and a key that is there is left alone."""
    written = [writes.put_object(unconditional, BUCKET, "key", form(text)) for text in (b"first", b"second")]

    assert [True, False] == written
    assert b"first" == content(unconditional, "key")


def test_large_objects_are_written(unconditional: Any) -> None:
    """The last call of an upload is made again without the condition."""
    assert writes.put_large_object(unconditional, BUCKET, "large", iter([PART, b"end"]))
    assert PART + b"end" == content(unconditional, "large")
    assert "Uploads" not in unconditional.list_multipart_uploads(Bucket=BUCKET)


def test_a_bucket_that_is_not_there_is_told(unconditional: Any) -> None:
    """A look that fails for another reason is no permission to write."""
    with pytest.raises(unconditional.exceptions.ClientError):
        writes.put_object(unconditional, "nowhere", "key", b"content")


def test_others_keep_the_condition(unconditional: Any) -> None:
    """Whoever knows conditions is asked by them: nothing is looked at first."""
    asked = list[str]()
    client = s3_client()
    client.meta.events.register("before-call.s3", lambda model, **_: asked.append(model.name))
    written = [writes.put_object(client, BUCKET, "key", text) for text in (b"first", b"second")]

    assert ([True, False], ["PutObject"] * 2) == (written, asked)
