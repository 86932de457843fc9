"""Jobs sign in to a tracking server with what lies in Secrets Manager, and nobody reads it anywhere else."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import boto3
import pytest

from components.errors import UserError
from pipelines.registry.credentials import VARIABLES, Credentials, parse_credentials
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.command import stackwright
from tests.harness.documents import REGION
from tests.harness.mlflow import mlflow_server
from tests.harness.project import Toy

SECRET = "acme-dev/toy/tracker"
PASSWORD = "p@ss:w/rd €uro"


@pytest.fixture
def signed(toy: Toy, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Toy]:
    """A project whose dev has a tracking server that wants a password."""
    for name in VARIABLES.values():
        monkeypatch.delenv(name, raising=False)
    server_database = shutil.copy(database, tmp_path / "server.db")
    with empty_moto_server() as endpoint, mlflow_server(server_database, tmp_path, PASSWORD) as address:
        point_at(monkeypatch, endpoint)
        tracker = {"tracking_uri": address, "credentials_secret": SECRET}
        toy.edit("stack/dev.json", region=REGION, experiment_tracker=tracker)
        toy.commit("dev has a server")
        yield toy


def put_secret(password: str) -> None:
    """Write the secret, as its owner does."""
    value = json.dumps({"username": "admin", "password": password})
    client = boto3.client("secretsmanager", region_name=REGION)
    try:
        client.put_secret_value(SecretId=SECRET, SecretString=value)
    except client.exceptions.ResourceNotFoundException:
        client.create_secret(Name=SECRET, SecretString=value)


def test_a_server_that_wants_a_password_gets_it(signed: Toy, capfd: pytest.CaptureFixture[str]) -> None:
    """Without the secret and with a wrong one nothing is pinned; with the right one a release is registered."""
    missing = stackwright("register", "--project", signed.root)
    put_secret("wrong password")
    wrong = stackwright("register", "--project", signed.root)
    live = stackwright("contract", "check", "--live", "--env", "dev", "--project", signed.root)
    pinned = (signed.root / "promotions/dev/toy.yaml").exists()
    put_secret(PASSWORD)
    right = stackwright("register", "--project", signed.root)
    checked = stackwright("contract", "check", "--live", "--env", "dev", "--project", signed.root)

    address = signed.project.contract("dev").experiment_tracker.tracking_uri
    assert (1, 1) == (missing.code, len(missing.problems))
    assert missing.problems[0].startswith(f"secret `{SECRET}`: does not exist in {REGION}; check experiment_tracker")
    assert (1, 1) == (wrong.code, len(wrong.problems))
    assert wrong.problems[0].startswith(f"{address}: toy: the model registry")
    told = f"experiment_tracker.tracking_uri: `{address}` answers 401: the credentials are refused"
    assert [f"stack/dev.json: {told}"] == live.problems
    assert not pinned
    assert (0, 0) == (right.code, checked.code), right.err + checked.err
    assert 1 == signed.pin("dev")["release"]
    said = "".join(item.out + item.err for item in (missing, wrong, live, right, checked)) + "".join(capfd.readouterr())
    assert [] == [word for word in (PASSWORD, "wrong password") if word in said]
    assert [] == [name for name in VARIABLES.values() if name in os.environ]


def test_what_the_environment_says_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's own credentials are theirs again, also after an error."""
    user, password = VARIABLES["username"], VARIABLES["password"]
    monkeypatch.setenv(user, "me")
    monkeypatch.delenv(password, raising=False)

    def fail() -> None:
        with Credentials("toy", "s3cret").used():
            raise KeyError(os.environ[user], os.environ[password])

    with pytest.raises(KeyError) as caught:
        fail()
    assert ("toy", "s3cret") == caught.value.args
    assert ("me", None) == (os.environ[user], os.environ.get(password))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "s3cret",
        "[]",
        '{"username": "a"}',
        '{"username": "a", "password": 7}',
        '{"username":"","password":"s3cret"}',
    ],
)
def test_a_secret_of_another_shape_is_not_shown(text: str) -> None:
    """The message says what it should be, not what it is."""
    with pytest.raises(UserError) as caught:
        parse_credentials(text, "secret `x`")

    told = "its value is not a JSON object with `username` and `password`; write it again, both as text"
    assert [f"secret `x`: {told}"] == caught.value.problems


def test_a_password_is_not_shown_by_mistake() -> None:
    """Printed, credentials are a user."""
    assert "Credentials(username='toy')" == repr(Credentials("toy", "s3cret"))
