"""`stackwright exec`: commands that find the tracker of an environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from pipelines.registry.credentials import VARIABLES
from tests.harness.api_server import api_server
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.documents import REGION
from tests.harness.kubernetes_documents import HOME, TRACKER, kubernetes_document, storage_user
from tests.harness.kubernetes_job import kubeconfig
from tests.harness.project import Toy

SHOW = "import json, os; print(json.dumps({n: os.environ.get(n) for n in ['MLFLOW_TRACKING_URI', *%r]}))"
VALUES = list(VARIABLES.values())


def executed(toy: Toy, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command by `stackwright exec` for dev, as a person would."""
    words = [sys.executable, "-m", "pipelines.cli", "exec", "--env", "dev", "--project", str(toy.root), "--", *command]
    return subprocess.run(words, capture_output=True, text=True, cwd=Path(__file__).parents[2])


def test_a_command_finds_the_tracker_and_ends_as_it_ends(toy: Toy) -> None:
    """Without credentials in the contract there is only the address; words and exit code are the command's own."""
    shown = executed(toy, sys.executable, "-c", SHOW % VALUES)
    ended = executed(toy, sys.executable, "-c", "import sys; sys.exit(int(sys.argv[1]))", "7")

    address = toy.project.contract("dev").experiment_tracker.tracking_uri
    expected = {"MLFLOW_TRACKING_URI": address} | {name: os.environ.get(name) for name in VALUES}
    assert expected == json.loads(shown.stdout)
    assert 7 == ended.returncode


def test_a_command_signs_in(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in Secrets Manager is in the variables of the command."""
    with empty_moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        value = json.dumps({"username": "projects", "password": "correct-horse"})
        boto3.client("secretsmanager", region_name=REGION).create_secret(Name="tracker", SecretString=value)
        tracker = {"tracking_uri": "https://mlflow.dev.ml.acme.example", "credentials_secret": "tracker"}
        toy.edit("stack/dev.json", region=REGION, experiment_tracker=tracker)

        shown = json.loads(executed(toy, sys.executable, "-c", SHOW % VALUES).stdout)

    assert {"https://mlflow.dev.ml.acme.example", "projects", "correct-horse"} == set(shown.values())


STORAGE = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3")


def test_a_command_finds_the_store_of_a_cluster(toy: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are those of the cluster's Secret, none of somebody else's is left, and the address is one from outside."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL", raising=False)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"):
        monkeypatch.setenv(name, "somebody else")
    with api_server() as server:
        server.objects["secrets"] = {
            f"{HOME}/storage": storage_user("jobs"),
            TRACKER: {"username": "projects", "password": "correct-horse"},
        }
        (tmp_path / "kubeconfig").write_text(kubeconfig({"acme-dev": server}))
        (toy.root / "stack" / "dev.json").write_text(json.dumps(kubernetes_document(server)))
        said = executed(toy, sys.executable, "-c", SHOW % [*VALUES, *STORAGE, "AWS_PROFILE", "AWS_SESSION_TOKEN"])
        whole = executed(toy, sys.executable, "-c", BUCKET_ADDRESS)

    shown = json.loads(said.stdout)
    expected = ("jobs", "key of jobs", "eu-somewhere-1", "eu-somewhere-1", "https://s3.dev.ml.acme.example")
    assert expected == tuple(shown[name] for name in STORAGE)
    assert {"projects", "correct-horse"} == {shown[name] for name in VALUES}
    assert {None} == {shown["AWS_PROFILE"], shown["AWS_SESSION_TOKEN"]}
    assert "https://s3.dev.ml.acme.example/acme-dev-artifacts/key?jobs\n" == whole.stdout


BUCKET_ADDRESS = """
import boto3
from urllib.parse import parse_qs, urlsplit
words = {"Params": {"Bucket": "acme-dev-artifacts", "Key": "key"}}
url = urlsplit(boto3.client("s3").generate_presigned_url("get_object", **words))
query = parse_qs(url.query)
who = query.get("AWSAccessKeyId") or query["X-Amz-Credential"]
print(url._replace(query=who[0].partition("/")[0]).geturl())
"""


def test_what_cannot_be_run_is_said(toy: Toy) -> None:
    """A command that does not exist is one line, as is an environment that does not."""
    missing = executed(toy, "no-such-command")
    (toy.root / "stack" / "dev.json").unlink()
    nowhere = executed(toy, sys.executable, "-c", "")

    assert (1, "no-such-command: cannot be run: No such file or directory\n") == (missing.returncode, missing.stderr)
    assert (1, 1) == (nowhere.returncode, len(nowhere.stderr.splitlines()))
