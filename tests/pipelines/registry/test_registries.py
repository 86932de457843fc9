"""What every model registry does: a digest is one release, found at once, entered once."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import time

import pytest

from components.errors import UserError
from pipelines.registry.base import Entry
from pipelines.registry.mlflow import PATIENCE
from pipelines.registry.open import open_registry
from tests.harness.children import at_once, killed, observed, points
from tests.harness.mlflow import mlflow_server
from tests.harness.mounts import run_mounted
from tests.harness.web import free_port, serving

NUMBERS = itertools.count()
DIGEST, OTHER = (f"sha256:{letter * 64}" for letter in "ab")
URI = "file:///platform/dev/artifacts/churn/models/sha256/" + "a" * 64


@pytest.fixture(scope="session")
def server(database, tmp_path_factory):
    """Run one server for all tests of a worker."""
    folder = tmp_path_factory.mktemp("server")
    copied = shutil.copy(database, folder / "mlflow.db")
    with mlflow_server(copied, folder) as address:
        yield address


@pytest.fixture
def file(database, tmp_path):
    """Return the address of a new registry in a file."""
    (tmp_path / "registry").mkdir()
    return f"sqlite:///{shutil.copy(database, tmp_path / 'registry' / 'mlflow.db')}"


@pytest.fixture(params=["file", "server"])
def address(request):
    """Return the address of a registry."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def registry(address):
    """Return a registry."""
    return open_registry(address)


@pytest.fixture
def model():
    """Return the name of a model that no other test uses."""
    return f"churn-{next(NUMBERS)}"


@pytest.fixture
def client(address):
    """Return MLflow's own client."""
    from mlflow.tracking import MlflowClient

    return MlflowClient(address, address)


def test_a_digest_is_entered_and_found(registry, model):
    """The first environment's registry gives the number."""
    before = registry.find(model, DIGEST)
    added = registry.add(model, DIGEST, URI, None, {})

    assert before is None
    assert Entry(model, 1, DIGEST, URI) == added == registry.find(model, DIGEST)


def test_numbers_count_up(registry, model):
    """Each digest of a model is the next release."""
    assert [1, 2] == [registry.add(model, digest, URI, None, {}).release for digest in (DIGEST, OTHER)]


def test_entering_again_changes_nothing(registry, model, address):
    """The first entry is returned, whatever is said the second time."""
    first = registry.add(model, DIGEST, URI, None, {})

    assert first == open_registry(address).add(model, DIGEST, "file:///elsewhere", None, {"note": "later"})
    assert registry.add(model, OTHER, URI, None, {}).release == 2


def test_a_number_is_equal_everywhere(registry, model):
    """Later environments store the number that the first one gave, whatever their own count."""
    registry.add(model, DIGEST, URI, 7, {})
    found = registry.find(model, DIGEST)

    assert Entry(model, 7, DIGEST, URI) == found == registry.add(model, DIGEST, URI, 7, {})


def test_another_number_for_a_digest_is_refused(registry, model):
    """A release number is given once."""
    registry.add(model, DIGEST, URI, 7, {})

    with pytest.raises(UserError, match=f"{model}: {DIGEST} is release 7 here, not 8"):
        registry.add(model, DIGEST, URI, 8, {})


def test_a_tag_that_somebody_broke_is_named(registry, model, client):
    """Tags can be edited by hand."""
    registry.add(model, DIGEST, URI, None, {})
    client.set_model_version_tag(model, "1", "stackwright.release", "latest")

    with pytest.raises(UserError, match=r"version 1: tag stackwright\.release: `latest` is not a number"):
        registry.find(model, DIGEST)


def test_models_do_not_see_each_other(registry, model):
    """The same digest may be a release of two models."""
    registry.add(model, DIGEST, URI, None, {})

    assert registry.find(f"{model}-b", DIGEST) is None
    assert registry.add(f"{model}-b", DIGEST, URI, None, {}).release == 1


def test_mlflow_shows_what_is_known(registry, model, client):
    """Tags say where the package is; MLflow itself is given a source that it does not open."""
    registry.add(model, DIGEST, URI, None, {"stackwright.commit": "c" * 40})

    (version,) = client.search_model_versions(f"name = '{model}'")

    assert version.source == URI.replace("file://", "stackwright://")
    assert version.tags == {
        "stackwright.commit": "c" * 40,
        "stackwright.digest": DIGEST,
        "stackwright.release": "1",
        "stackwright.uri": URI,
    }


def test_a_package_in_a_bucket_is_mlflows_source(registry, model, client):
    """What MLflow can fetch, it may."""
    registry.add(model, DIGEST, "s3://bucket/churn/models/sha256/aa", None, {})

    assert client.get_model_version(model, "1").source == "s3://bucket/churn/models/sha256/aa"


def test_an_entry_leads_to_its_run(registry, model, client):
    """The run that says which package it built is linked."""
    experiment = client.create_experiment(model)
    run = client.create_run(experiment, tags={"stackwright.package_digest": f"sha256:{model:0>64}"})
    digest = "sha256:" + f"{next(NUMBERS):064x}"
    client.set_tag(run.info.run_id, "stackwright.package_digest", digest)

    registry.add(model, digest, URI, None, {})

    assert client.get_model_version(model, "1").run_id == run.info.run_id


def test_of_three_writers_of_one_digest_all_get_its_number(address, model, client, tmp_path):
    """Whoever enters second finds the first, and takes back what it entered itself."""
    add = [lambda: open_registry(address).add(model, DIGEST, URI, None, {}) for _ in range(3)]

    found = at_once(add, tmp_path)

    assert [open_registry(address).find(model, DIGEST)] * 3 == found
    assert len(client.search_model_versions(f"name = '{model}'")) == 1


def test_writers_of_different_digests_get_different_numbers(address, model, tmp_path):
    """No two digests are one release."""
    digests = [f"sha256:{number:064x}" for number in range(3)]
    add = [lambda digest=digest: open_registry(address).add(model, digest, URI, None, {}) for digest in digests]

    assert [1, 2, 3] == sorted(entry.release for entry in at_once(add, tmp_path))


ADDITION = ["change_registry"] * 3


def test_the_writes_of_an_addition_are_known(file, model, tmp_path):
    """The model, its version, the number: the next test kills around each."""
    assert ADDITION == observed(lambda: open_registry(file).add(model, DIGEST, URI, None, {}), tmp_path)


@pytest.mark.parametrize(("number", "name", "when"), points(ADDITION))
def test_a_killed_addition_completes(file, model, tmp_path, number, name, when):
    """Kill -9 around every write: afterwards there is no entry or the whole one, and the same number comes out."""
    killed(lambda: open_registry(file).add(model, DIGEST, URI, None, {}), number, when, tmp_path)
    entered = number > 1 or (number == 1 and when == "after")

    assert open_registry(file).find(model, DIGEST) == (Entry(model, 1, DIGEST, URI) if entered else None)
    assert open_registry(file).add(model, DIGEST, URI, None, {}) == Entry(model, 1, DIGEST, URI)
    assert open_registry(file).add(model, OTHER, URI, None, {}).release == 2


def test_two_may_create_a_registry_at_once(tmp_path):
    """MLflow breaks when two processes create its tables; they take turns."""
    address = f"sqlite:///{tmp_path}/new.db"
    add = [lambda: open_registry(address).add("churn", DIGEST, URI, None, {}).release for _ in range(2)]

    assert [1, 1] == at_once(add, tmp_path)


def grow(path, model, count):
    """Put many versions into a database, as MLflow would."""
    with sqlite3.connect(path) as database:
        for table in ("model_versions", "model_version_tags"):
            rows = database.execute(f"select * from {table} where name = ? and version = 1", [model])
            names = [column[0] for column in rows.description]
            first = [dict(zip(names, row, strict=True)) for row in rows]
            database.executemany(
                f"insert into {table} values ({', '.join(f':{name}' for name in names)})",
                (_numbered(row, number) for number in range(10, count) for row in first),
            )


def _numbered(row, number):
    changed = row | {"version": number}
    return changed | ({"value": f"sha256:{number:064x}"} if row.get("key") == "stackwright.digest" else {})


def test_one_of_ten_thousand_releases_is_found(file, model):
    """The right one is found and the next one entered, however many there are; `make bench` says what it costs."""
    registry = open_registry(file)
    registry.add(model, DIGEST, URI, None, {})
    grow(file.removeprefix("sqlite:///"), model, 10_000)

    assert registry.find(model, f"sha256:{9_000:064x}").digest == f"sha256:{9_000:064x}"
    assert registry.find(model, DIGEST).release == 1
    assert registry.add(model, OTHER, URI, None, {}).release == 10_000


def test_a_server_that_answers_500_is_tried_again_and_then_named(model):
    """One line after retries with back-off, without the password; nothing is half-written."""
    started = time.monotonic()
    with (
        serving(lambda request: request.reply(500, b"oops")) as server,
        pytest.raises(UserError, match="cannot be used: it answered 500 again and again") as caught,
    ):
        open_registry(server.url.replace("//", "//user:secret@")).add(model, DIGEST, URI, None, {})

    assert "secret" not in str(caught.value)
    assert len(server.requests) == int(PATIENCE["MLFLOW_HTTP_REQUEST_MAX_RETRIES"]) + 1
    assert 3 < time.monotonic() - started < 15


def test_a_server_that_is_not_there_is_named(model, monkeypatch):
    """Nobody listens."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0.1")

    with pytest.raises(UserError, match="cannot be used: it cannot be reached"):
        open_registry(f"http://127.0.0.1:{free_port()}").find(model, DIGEST)


def test_what_is_no_registry_is_named(tmp_path, model):
    """A folder that is not there is not waited for, and a file that is something else is left alone."""
    with pytest.raises(UserError, match=r"folder .*/nowhere does not exist"):
        open_registry(f"sqlite:///{tmp_path}/nowhere/mlflow.db").find(model, DIGEST)
    (tmp_path / "junk.db").write_bytes(b"junk" * 1000)
    with pytest.raises(UserError, match="file is not a database"):
        open_registry(f"sqlite:///{tmp_path}/junk.db").find(model, DIGEST)
    with pytest.raises(UserError, match="`postgres` is not a scheme of trackers; choose one of http, https, sqlite"):
        open_registry("postgres://x")


READ_ONLY = """
import shutil, subprocess, sys
from components.errors import UserError
from pipelines.registry.open import open_registry
mount, database, digest = sys.argv[1:4]
shutil.copy(database, f"{mount}/mlflow.db")
subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
try:
    open_registry(f"sqlite:///{mount}/mlflow.db").add("churn", digest, "file:///x", None, {})
except UserError as error:
    print(error)
"""


def test_a_read_only_registry_is_one_line(database, tmp_path):
    """Root ignores modes; a read-only mount it does not."""
    (tmp_path / "mount").mkdir()

    done = run_mounted(tmp_path / "mount", "size=8m", READ_ONLY, database, DIGEST)

    assert "attempt to write a readonly database" in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1
