"""Stores of both kinds, on this machine."""

from __future__ import annotations

import itertools
from functools import partial

import pytest

from pipelines.store.open import open_store
from tests.harness.aws import BUCKET, moto_server, point_at, s3_client
from tests.harness.packages import flip_byte, make_package

NUMBERS = itertools.count()


class Place:
    """A store, and what a test does behind its back."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.store = open_store(uri, "churn")

    def again(self):
        """Return the same store as another process sees it."""
        return open_store(self.uri, "churn")


class FolderPlace(Place):
    """A store in a folder."""

    def path(self, digest, name=""):
        """Return where a file is."""
        return self.store.root / digest.removeprefix("sha256:") / name

    def corrupt(self, digest, name):
        """Flip a bit of a file."""
        flip_byte(self.path(digest, name))

    def empty(self, digest, name):
        """Take a file's content away."""
        self.path(digest, name).write_bytes(b"")

    def remove(self, digest, name):
        """Take a file away."""
        self.path(digest, name).unlink()


class S3Place(Place):
    """A store in a bucket."""

    def key(self, digest, name):
        """Return an object's key."""
        return f"{self.store.prefix}/{digest.removeprefix('sha256:')}/{name}"

    def corrupt(self, digest, name):
        """Flip a bit of an object."""
        item = {"Bucket": BUCKET, "Key": self.key(digest, name)}
        content = bytearray(s3_client().get_object(**item)["Body"].read())
        content[0] ^= 1
        s3_client().put_object(**item, Body=bytes(content))

    def empty(self, digest, name):
        """Take an object's content away."""
        s3_client().put_object(Bucket=BUCKET, Key=self.key(digest, name), Body=b"")

    def remove(self, digest, name):
        """Take an object away."""
        s3_client().delete_object(Bucket=BUCKET, Key=self.key(digest, name))


@pytest.fixture(scope="session")
def moto():
    """One server of moto for all tests of a worker."""
    with moto_server() as endpoint:
        yield endpoint


@pytest.fixture
def s3(moto, monkeypatch):
    """Make new, empty stores in a bucket."""
    point_at(monkeypatch, moto)
    s3_client().create_bucket(Bucket=BUCKET)
    return lambda: S3Place(f"s3://{BUCKET}/platform/{next(NUMBERS)}")


@pytest.fixture
def folders(tmp_path):
    """Make new, empty stores in folders."""
    return lambda: FolderPlace((tmp_path / f"store {next(NUMBERS)}").as_uri())


@pytest.fixture(params=["folders", "s3"])
def places(request):
    """Make new, empty stores of one kind."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def place(places):
    """Return a new, empty store."""
    return places()


@pytest.fixture
def package(tmp_path):
    """Return a package of a few files."""
    return make_package(tmp_path / "package")


@pytest.fixture
def new_package(tmp_path):
    """Make packages that differ."""
    return partial(make_package, tmp_path / "another package")
