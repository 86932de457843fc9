"""Tokens of the organisation's app: for this repository, for what was asked, and seen by nobody."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pipelines.hosts.github_app import App
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.documents import REGION
from tests.harness.github_delivery import EVERYTHING

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.pipelines.delivery.conftest import Job

CLIENT = "Iv23liAbCdEf"
SECRET = "acme-dev/github/app-key"


def pem(key: Any) -> str:
    """Return a private key as text."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """A key of an app."""
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def endpoint() -> Generator[str]:
    """One server of AWS for all tests here."""
    with empty_moto_server() as address:
        yield address


@pytest.fixture
def app(job: Job, key: rsa.RSAPrivateKey, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job of an organisation whose app is installed, its key in the secrets of dev."""
    job.host.app = {
        "client_id": CLIENT,
        "public_key": key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "permissions": dict(EVERYTHING),
    }
    keys = {"dev": f"awssecretsmanager:///{SECRET}", "staging": "kubernetes:///stackwright-secrets/github-app#key.pem"}
    job.toy.edit(".stackwright.yaml", app={"client_id": CLIENT, "private_keys": keys})
    job.toy.edit("stack/dev.json", region=REGION)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    point_at(monkeypatch, endpoint)
    secret(pem(key))
    return job


def secret(value: str) -> None:
    """Put the key where its owner puts it."""
    untyped: Any = boto3
    client = untyped.client("secretsmanager", region_name=REGION)
    try:
        client.create_secret(Name=SECRET, SecretString=value)
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=SECRET, SecretString=value)


def test_a_token_is_for_this_repository_and_these_permissions(app: Job) -> None:
    """It is masked before anything else, and in the outputs only; then it works."""
    done = app.ci("token", "--environment", "dev", "--permission", "contents=write", "--permission", "issues=write")

    token = app.outputs["token"]
    assert (0, "true", f"::add-mask::{token}") == (done.code, app.outputs["app"], done.out.splitlines()[0])
    assert token not in "".join(done.out.splitlines()[1:]) + done.err + app.summary
    asked = app.host.calls[-1]
    assert {"repositories": ["churn"], "permissions": {"contents": "write", "issues": "write"}} == asked.body
    app.act_as(token)
    assert 0 == app.ci("issue", "--key", "a").code


def test_by_default_a_token_opens_pull_requests_and_no_more(app: Job) -> None:
    """Contents and pull requests."""
    app.ci("token", "--environment", "dev")

    assert {"contents": "write", "pull_requests": "write"} == app.host.calls[-1].body["permissions"]


def test_a_document_shows_no_token(app: Job) -> None:
    """`--format json`: the mask goes to the other stream."""
    done = app.ci("token", "--environment", "dev", "--format", "json")

    token = app.outputs["token"]
    assert {"app": "true"} == done.document["outputs"]
    assert token not in done.out
    assert f"::add-mask::{token}\n" == done.err


def test_a_key_in_a_cluster_is_read_there(app: Job, key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the environment's own cluster; the address says which value of which Secret."""
    asked: list[Any] = []

    def read_secret(contract: Any, uri: str, keys: list[str]) -> dict[str, bytes]:
        asked.append((contract.environment, uri, keys))
        return {"key.pem": pem(key).encode()}

    monkeypatch.setitem(sys.modules, "pipelines.cluster", SimpleNamespace(read_secret=read_secret))

    done = app.ci("token", "--environment", "staging")

    assert (0, "true") == (done.code, app.outputs["app"])
    assert [("staging", "kubernetes:///stackwright-secrets/github-app", ["key.pem"])] == asked


def test_without_an_app_the_clicks_that_remain_are_told(app: Job) -> None:
    """Green, and an empty token: the workflow's own is used then."""
    done = app.ci("token", "--environment", "prod")

    assert (0, {"app": "false", "token": ""}) == (done.code, app.outputs)
    assert "approve the checks of each pull request that a workflow opens" in done.out
    assert "a merge by that token would start no deployment" in done.out
    assert [] == app.host.calls


def test_off_a_job_no_token_is_made(app: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is never printed, so there is nowhere to give it."""
    monkeypatch.delenv("GITHUB_OUTPUT")

    done = app.ci("token", "--environment", "dev")

    told = "GITHUB_OUTPUT: not set; a token is given to the next steps of a job, and to nobody else"
    assert (1, [told]) == (done.code, done.problems)
    assert [] == app.host.calls


WRONG_KEYS = {
    "no PEM": "hello",
    "of another kind": pem(ec.generate_private_key(ec.SECP256R1())),
}


@pytest.mark.parametrize("name", WRONG_KEYS)
def test_a_key_that_is_none_is_told_and_not_shown(name: str, app: Job) -> None:
    """What is in the secret appears nowhere."""
    secret(WRONG_KEYS[name])

    done = app.ci("token", "--environment", "dev")

    assert (1, [f"app {CLIENT}: its secret holds no PEM of an RSA key without a password"]) == (
        done.code,
        done.problems,
    )


def test_a_key_of_another_app_is_refused_by_the_host(app: Job) -> None:
    """And the job ends there."""
    secret(pem(rsa.generate_private_key(65537, 2048)))

    done = app.ci("token", "--environment", "dev")

    assert 1 == done.code
    assert "the token is refused (A JSON web token could not be decoded)" in done.err


def test_a_secret_that_is_not_there_is_named(app: Job) -> None:
    """With where its name comes from."""
    keys = {"dev": "awssecretsmanager:///other"}
    app.toy.edit(".stackwright.yaml", app={"client_id": CLIENT, "private_keys": keys})

    done = app.ci("token", "--environment", "dev")

    assert [f"secret `other`: does not exist in {REGION}; check app.private_keys in .stackwright.yaml"] == done.problems


HOSTS: dict[str, tuple[dict[str, Any], str]] = {
    "it is not installed": (
        {"installed": False},
        f"app {CLIENT}: not installed on acme/churn; ask the organisation's owners to install it there",
    ),
    "it may not": (
        {"permissions": {"contents": "write"}},
        f"app {CLIENT}: may not have contents=write, pull_requests=write: "
        "POST /app/installations/7/access_tokens: 422: The permissions requested are not granted to this installation.",
    ),
    "it gets more rights": (
        {"more": {"administration": "write"}},
        "GITHUB_API_URL: gave another token than the one that was asked for; it is not used",
    ),
    "it gets more repositories": (
        {"others": ["payroll"]},
        "GITHUB_API_URL: gave another token than the one that was asked for; it is not used",
    ),
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_token_that_is_not_the_one_is_not_used(name: str, app: Job) -> None:
    """No outputs, and a sentence."""
    changes, told = HOSTS[name]
    app.host.app |= changes

    done = app.ci("token", "--environment", "dev")

    assert (1, [told], {}) == (done.code, done.problems, app.outputs)


@pytest.mark.parametrize("text", ["contents", "contents=admin", "=write", "Contents=write", "a\n=write"])
def test_a_permission_that_is_none_is_refused(text: str, app: Job) -> None:
    """Before the key is read."""
    done = app.ci("token", "--environment", "dev", "--permission", text)

    assert 1 == done.code
    assert done.err.startswith("--permission: `")
    assert [] == app.host.calls


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "awssecretsmanager:///",
        "kubernetes:///a/b",
        "kubernetes:///a/b/c#d",
        "awssecretsmanager:///a b",
    ],
)
def test_an_address_that_is_none_is_refused(address: str, app: Job) -> None:
    """`.stackwright.yaml` says what it must be like."""
    app.toy.edit(".stackwright.yaml", app={"client_id": CLIENT, "private_keys": {"dev": address}})

    done = app.ci("token", "--environment", "dev")

    assert 1 == done.code
    assert done.err.startswith(".stackwright.yaml: app.private_keys.dev: ")


def test_the_key_is_in_no_message() -> None:
    """Nor in the object's words."""
    assert "PEM" not in repr(App(CLIENT, b"PEM"))
