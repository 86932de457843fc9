"""What the pods of the tracker do with secrets and files; `test_running.py` runs them whole."""

from __future__ import annotations

import importlib.metadata
import json
import stat
import urllib.error
from typing import TYPE_CHECKING, Any

import pytest

from components.experiment_tracker.scripts import tasks
from tests.harness.aws import moto_server, point_at
from tests.harness.secrets_api import secrets_api

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.harness.secrets_api import SecretsApi

URI = "postgresql+psycopg2://mlflow@db.acme.example:5432/mlflow?sslmode=require"


@pytest.fixture
def secrets_manager(monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    """A Secrets Manager with one secret that has no value yet."""
    import boto3

    with moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        client = boto3.client("secretsmanager")
        client.create_secret(Name="acme-dev/mlflow")
        yield client
        client.delete_secret(SecretId="acme-dev/mlflow", ForceDeleteWithoutRecovery=True)


def versions(client: Any) -> int:
    """How many values the secret has had."""
    return len(client.list_secret_version_ids(SecretId="acme-dev/mlflow", IncludeDeprecated=True)["Versions"])


def test_a_secret_is_filled_once(secrets_manager: Any) -> None:
    """The first run gives it a value, the second one reads that, and writes nothing."""
    first = tasks.filled("acme-dev/mlflow", {"password": tasks.generated()})
    written = versions(secrets_manager)
    second = tasks.filled("acme-dev/mlflow", {"password": tasks.generated()})

    assert first == second == tasks.read_secret("acme-dev/mlflow")
    assert written == versions(secrets_manager)
    assert len(first["password"]) >= 40


def test_a_secret_keeps_what_people_wrote_and_gets_what_it_lacks(secrets_manager: Any) -> None:
    """A later release may need one more value; those that are there are left alone."""
    secrets_manager.put_secret_value(SecretId="acme-dev/mlflow", SecretString=json.dumps({"password": "of a person"}))

    assert {"password": "of a person", "key": "new"} == tasks.filled("acme-dev/mlflow", {"password": "x", "key": "new"})


def test_an_empty_secret_is_said_to_be_empty(secrets_manager: Any) -> None:
    """Whoever reads before the setup has run is told so."""
    with pytest.raises(SystemExit, match="acme-dev/mlflow: has no value yet; whoever fills it has to run before"):
        tasks.known("acme-dev/mlflow")


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[SecretsApi]:
    """An API server with three Secrets, of which one may be read and one be filled."""
    held = {"mlflow/mlflow": {}, "mlflow/other": {"password": "x"}, "database/admin": {"username": "admin"}}
    rights = {"mlflow/mlflow": {"get", "patch"}, "database/admin": {"get"}}
    with secrets_api(tmp_path / "identity", held, rights) as server:
        monkeypatch.setenv("TRACKER_API", server.url)
        monkeypatch.setenv("TRACKER_IDENTITY", str(server.identity))
        yield server


def test_a_secret_of_the_cluster_is_filled_once(api: SecretsApi) -> None:
    """As in AWS: the second run reads what the first one wrote, and writes nothing."""
    first = tasks.filled("kubernetes:///mlflow/mlflow", {"password": tasks.generated()})
    second = tasks.filled("kubernetes:///mlflow/mlflow", {"password": tasks.generated()})

    assert first == second == api.values["mlflow/mlflow"]
    assert ["get", "patch", "get"] == [asked.partition(" ")[0] for asked in api.asked]
    assert {"fieldManager=mlflow-setup"} == {asked.rpartition(" ")[2] for asked in api.asked}


def test_a_secret_of_the_cluster_keeps_what_people_wrote(api: SecretsApi) -> None:
    """What it lacks is added, beside umlauts and all."""
    api.values["mlflow/mlflow"] = {"password": "of a pérson"}

    assert {"password": "of a pérson", "key": "new"} == tasks.filled(
        "kubernetes:///mlflow/mlflow", {"password": "x", "key": "new"}
    )


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("kubernetes:///mlflow/mlflow", "has no value yet; whoever fills it has to run before"),
        ("kubernetes:///mlflow/other", "the API server says 403 Forbidden"),
        ("kubernetes:///kube-system/anything", "the API server says 403 Forbidden"),
    ],
)
def test_what_may_not_be_read_or_is_empty_is_said(api: SecretsApi, address: str, said: str) -> None:
    """The address is named, and no value."""
    assert api.url
    with pytest.raises(SystemExit, match=f"{address}: {said}"):
        tasks.known(address)


def test_an_api_server_that_proves_nothing_gets_no_token(
    api: SecretsApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a server whose certificate the cluster's authority signed is asked."""
    with secrets_api(tmp_path / "another", {}, {}) as other:
        monkeypatch.setenv("TRACKER_API", other.url)
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            tasks.known("kubernetes:///mlflow/mlflow")

    assert [] == api.asked


def test_a_mounted_secret_is_read_and_never_written(tmp_path: Path) -> None:
    """Each value is a file; the kubelet's own folders beside them are none."""
    (tmp_path / "..2026_11_21").mkdir()
    (tmp_path / "..2026_11_21" / "password").write_text("of the pod")
    (tmp_path / "..data").symlink_to("..2026_11_21")
    (tmp_path / "password").symlink_to("..data/password")

    assert {"password": "of the pod"} == tasks.known(f"file://{tmp_path}")
    with pytest.raises(SystemExit, match="cannot be given key, password: it is for reading only"):
        tasks.filled(f"file://{tmp_path}", {"key": "new"})


def test_an_image_of_another_release_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients match `version`, so the image has to hold it; 3.1 is not 3.17."""
    monkeypatch.setattr(importlib.metadata, "version", {"mlflow": "3.17.2"}.__getitem__)

    tasks.require_release("3.17")
    for other in ("3.9", "3.1"):
        with pytest.raises(SystemExit, match=f"the image holds MLflow 3.17.2, not {other}; change `version`"):
            tasks.require_release(other)


def test_passwords_are_in_files_of_the_pods_user_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's clients ignore a file that others can read; the configuration holds no password at all."""
    own = {"database_password": r"of:the\database", "flask_secret_key": "of sessions", "admin_username": "admin"}
    for name, value in {
        "TRACKER_FOLDER": str(tmp_path),
        "TRACKER_DATABASE_URI": URI,
        "TRACKER_AUTH_DATABASE_URI": URI.replace("/mlflow?", "/mlflow_auth?"),
        "TRACKER_DEFAULT_PERMISSION": "READ",
    }.items():
        monkeypatch.setenv(name, value)
    for _ in range(2):
        tasks.write_credentials(own)

    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert "db.acme.example:5432:*:mlflow:of\\:the\\\\database\n" == found["pgpass"]
    assert "of sessions" == found["flask_secret_key"]
    assert "database_uri = postgresql+psycopg2://mlflow@db.acme.example:5432/mlflow_auth?" in found["basic_auth.ini"]
    assert "of:the" not in found["basic_auth.ini"]
