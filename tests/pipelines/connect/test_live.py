"""`stackwright contract check --live`: whether what is behind a contract of AWS answers."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Generator
from typing import Any

import boto3
import pytest

from pipelines.connect.live import live_problems
from pipelines.release.kms import SCHEME, KmsSigner
from stacks.contract import Contract
from tests.harness.api_server import api_server
from tests.harness.aws import empty_moto_server, point_at, s3_client
from tests.harness.documents import REGION, contract_document
from tests.harness.web import Handler, free_port, serving

SECRET = "acme-dev/toy/mlflow"
BASIC = "Basic " + base64.b64encode(b"toy:pass word").decode()


def tracker(request: Handler) -> None:
    """Answer as a tracking server that wants somebody to sign in."""
    if request.headers.get("Authorization") != BASIC:
        request.reply(401)
    else:
        request.reply(200, b"3.17.2")


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> Generator[Callable[..., Contract]]:
    """Make contracts whose services are all there, but for what a test changes."""
    with empty_moto_server() as endpoint, serving(tracker) as server, api_server() as cluster:
        point_at(monkeypatch, endpoint)
        document = contract_document()
        document["model_deployer"] |= cluster.place
        s3_client().create_bucket(Bucket=document["artifact_store"]["uri"].removeprefix("s3://"))
        made = boto3.client("kms", region_name=REGION).create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        uri = SCHEME + made["KeyMetadata"]["Arn"]
        document["signing_key"] = {"public_key": KmsSigner(uri).public_key, "private_key_uri": uri}
        document["experiment_tracker"]["tracking_uri"] = server.url
        value = json.dumps({"username": "toy", "password": "pass word"})
        boto3.client("secretsmanager", region_name=REGION).create_secret(Name=SECRET, SecretString=value)

        def make(section: str = "runs_on", **changes: Any) -> Contract:
            changed = document | {section: document[section] | changes} if changes else document
            return Contract.model_validate_json(json.dumps(changed))

        yield make


def test_services_that_answer_are_no_problem(documents: Callable[..., Contract]) -> None:
    """Bucket, tracker with its credentials, cluster, key: all are asked."""
    assert [] == live_problems(documents())


OTHER_KEY = f"awskms:///arn:aws:kms:{REGION}:123456789012:key/none"
WRONG: dict[str, tuple[str, dict[str, str], str]] = {
    "no bucket": (
        "artifact_store",
        {"uri": "s3://nowhere"},
        "artifact_store.uri: `s3://nowhere`: bucket `nowhere` does not exist; check artifact_store.uri in the contract",
    ),
    "no key": (
        "signing_key",
        {"private_key_uri": OTHER_KEY},
        f"signing_key: {OTHER_KEY}: no such key in {REGION}; check signing_key in the contract, or pull it again",
    ),
    "no secret": (
        "experiment_tracker",
        {"credentials_secret": "none"},
        f"experiment_tracker.credentials_secret: secret `none`: does not exist in {REGION}; "
        "check experiment_tracker.credentials_secret in the contract, or pull it again",
    ),
    "another release": (
        "experiment_tracker",
        {"version": "3.1"},
        "experiment_tracker.version: `3.1`, the server says `3.17.2`; pull it again",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_service_that_is_not_as_told_is_a_line(name: str, documents: Callable[..., Contract]) -> None:
    """The line names the field of the contract, and what to do."""
    section, changes, told = WRONG[name]

    assert [f"stack/dev.json: {told}"] == live_problems(documents(section, **changes))


def test_credentials_that_are_refused_are_told_without_them(documents: Callable[..., Contract]) -> None:
    """Neither user nor password is in the message."""
    value = json.dumps({"username": "toy", "password": "stolen"})
    boto3.client("secretsmanager", region_name=REGION).put_secret_value(SecretId=SECRET, SecretString=value)
    contract = documents()

    uri = contract.experiment_tracker.tracking_uri
    told = f"stack/dev.json: experiment_tracker.tracking_uri: `{uri}` answers 401: the credentials are refused"
    assert [told] == live_problems(contract)


def test_nothing_answers(documents: Callable[..., Contract], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the network down every service is a line, after a bounded time."""
    contract, started = documents(), time.monotonic()
    point_at(monkeypatch, f"http://127.0.0.1:{free_port()}")

    problems = live_problems(contract)

    starts = [
        "artifact_store.uri: `s3://acme-dev-artifacts-123456789012`: the artifact store cannot be reached",
        f"experiment_tracker.credentials_secret: secret `{SECRET}`: AWS Secrets Manager cannot be reached",
        f"signing_key: {contract.signing_key.private_key_uri}: the key service cannot be reached",
    ]
    expected = [f"stack/dev.json: {start}" for start in starts]
    assert expected == [told[: len(want)] for told, want in zip(problems, expected, strict=True)]
    assert time.monotonic() - started < 30
