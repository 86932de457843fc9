"""What an artifact store in S3 says when the service does not answer as it should."""

from __future__ import annotations

import re
import time

import pytest

from components.errors import UserError
from pipelines import aws, writes
from pipelines.release.package import MANIFEST
from pipelines.store import s3 as module
from pipelines.store.open import open_store
from tests.harness.aws import BUCKET, point_at, s3_client
from tests.harness.packages import make_package
from tests.harness.web import free_port, serving

ERROR = '<?xml version="1.0"?><Error><Code>{}</Code><Message>said so</Message></Error>'


@pytest.fixture
def store_at(monkeypatch):
    """Return the store that is behind an endpoint."""

    def store(endpoint):
        point_at(monkeypatch, endpoint)
        return open_store(f"s3://{BUCKET}/platform", "churn")

    return store


@pytest.fixture
def impatient(monkeypatch):
    """Do not wait between attempts."""
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_a_store_that_answers_500_is_tried_again_and_then_named(store_at, package):
    """Back-off, then one line; the retries end within seconds."""
    started = time.monotonic()
    with (
        serving(lambda request: request.reply(500, ERROR.format("InternalError").encode())) as server,
        pytest.raises(UserError, match=r"s3://artifacts/.*answered 500 \(InternalError\) 4 times"),
    ):
        store_at(server.url).publish(package)

    assert len(server.requests) == aws.ATTEMPTS
    assert time.monotonic() - started < 15


def test_a_short_outage_is_not_noticed(store_at, package, impatient):
    """Two failures and then an answer are an answer."""
    manifest = (package.folder / MANIFEST).read_bytes()

    def answer(request):
        if len(request.server.requests) <= 2:
            request.reply(503, ERROR.format("SlowDown").encode())
        else:
            request.reply(200, manifest)

    with serving(answer) as server:
        assert store_at(server.url).holds(package.digest)


def test_a_store_that_is_not_there_is_named(store_at, package, impatient):
    """Nobody listens."""
    with pytest.raises(UserError, match="cannot be reached"):
        store_at(f"http://127.0.0.1:{free_port()}").holds(package.digest)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "AccessDenied", "access denied to GetObject; the identity needs s3:GetObject, PutObject and ListBucket"),
        (403, "ExpiredToken", r"credentials refused \(ExpiredToken\); sign in again"),
        (404, "NoSuchBucket", "bucket `artifacts` does not exist; check artifact_store.uri in the contract"),
        (400, "InvalidRequest", "GetObject was refused: InvalidRequest: said so"),
    ],
)
def test_what_is_refused_is_explained(store_at, package, status, code, said):
    """What to do follows from what the service said."""
    with (
        serving(lambda request: request.reply(status, ERROR.format(code).encode())) as server,
        pytest.raises(UserError, match=said),
    ):
        store_at(server.url).holds(package.digest)


def test_no_credentials_are_one_line(store_at, package, monkeypatch):
    """A machine that never signed in."""
    store = store_at(f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")

    with pytest.raises(UserError, match="Unable to locate credentials"):
        store.holds(package.digest)


def broken_off(content, times):
    """Answer each request for the model with half of what is left, and hang up, so many times."""
    left = iter(range(times))

    def answer(request):
        name = request.path.rsplit("/", 1)[1]
        span = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", "bytes=0-"))
        body = content[name][int(span[1]) :]
        if name == "model.onnx" and next(left, None) is not None:
            request.send_response(206)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body[: len(body) // 2])
            request.close_connection = True
        else:
            request.reply(206 if "Range" in request.headers else 200, body)

    return answer


def test_a_broken_download_goes_on_where_it_broke(store_at, package, tmp_path, impatient):
    """Large models need not begin again."""
    content = {path.name: path.read_bytes() for path in package.folder.rglob("*") if path.is_file()}

    with serving(broken_off(content, 2)) as server:
        store_at(server.url).fetch(package.digest, tmp_path / "fetched")

    assert content["model.onnx"] == (tmp_path / "fetched" / "model.onnx").read_bytes()


def test_a_download_that_keeps_breaking_leaves_nothing(store_at, package, tmp_path, impatient):
    """At the end of the attempts no part of a package is there."""
    content = {path.name: path.read_bytes() for path in package.folder.rglob("*") if path.is_file()}

    with serving(broken_off(content, 99)) as server, pytest.raises(UserError, match=r"model\.onnx.*cannot be reached"):
        store_at(server.url).fetch(package.digest, tmp_path / "fetched")

    assert [path.name for path in tmp_path.iterdir()] == ["package"]


@pytest.fixture
def large(tmp_path, monkeypatch):
    """Return a package whose model goes in two parts: S3 wants 5 MiB in each but the last."""
    monkeypatch.setattr(module, "LARGE_BYTES", 5 << 20)
    return make_package(tmp_path / "large", {"model.onnx": bytes(range(256)) * (6 << 12)})


def test_large_files_go_in_parts(s3, large, tmp_path):
    """One request cannot hold more than 5 GiB."""
    place = s3()
    place.store.publish(large)

    tag = s3_client().head_object(Bucket=BUCKET, Key=place.key(large.digest, "model.onnx"))["ETag"]

    assert tag.endswith('-2"')
    assert large.digest == place.store.fetch(large.digest, tmp_path / "fetched").digest


def test_an_interrupted_upload_in_parts_is_not_an_object(s3, large, monkeypatch):
    """Parts are nothing until the last call; a second writer that comes first wins."""
    place = s3()
    client = s3_client()
    upload_part = client.upload_part
    item = {"Bucket": BUCKET, "Key": place.key(large.digest, "model.onnx")}

    def overtaken(**named):
        if named["PartNumber"] == 2:
            client.put_object(**item, Body=(large.folder / "model.onnx").read_bytes())
        return upload_part(**named)

    monkeypatch.setattr(client, "upload_part", overtaken)
    monkeypatch.setattr(place.store, "_client", client)
    assert place.store.publish(large)

    assert "-" not in client.head_object(**item)["ETag"]
    assert "Uploads" not in client.list_multipart_uploads(Bucket=BUCKET)


def test_an_upload_that_was_interrupted_does_not_send_large_files_again(s3, large, monkeypatch):
    """What is there is read back, not sent again."""
    place = s3()
    with monkeypatch.context() as patch:
        patch.setattr(writes, "put_object", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            place.store.publish(large)
    monkeypatch.setattr(writes, "put_large_object", lambda *_: 1 / 0)

    assert place.again().publish(large)


def test_a_damaged_part_of_an_interrupted_upload_is_refused(s3, package):
    """An object that somebody put under the key before is read back, and never seen as part of a package."""
    place = s3()
    s3_client().put_object(Bucket=BUCKET, Key=place.key(package.digest, "model.onnx"), Body=b"something else")

    with pytest.raises(UserError, match=r"model\.onnx: 14 bytes, but the manifest says 7000"):
        place.store.publish(package)

    assert not place.store.holds(package.digest)
