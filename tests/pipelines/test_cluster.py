"""The cluster behind a contract: as whom it is asked, and what its refusals mean."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.base import Tier
from components.errors import UserError
from pipelines import api_server as signing_in
from pipelines.cluster import connect_by_kubeconfig, open_cluster, read_secret
from pipelines.contracts import local_contract
from stacks.contract import Contract
from tests.harness.api_server import Standin, api_server
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.cluster.certificates import authority
from tests.harness.documents import REGION, contract_document
from tests.harness.kubernetes_documents import kubernetes_document
from tests.harness.kubernetes_job import JOB, PERSON, github_job, kubeconfig
from tests.harness.web import free_port

AUDIENCE = "stackwright-acme-dev"
VALUES = {"AWS_REGION": "us-east-1", "empty": ""}

Make = Callable[..., Contract]


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that is no job, and knows no cluster."""
    for name in JOB:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))


@pytest.fixture
def server() -> Generator[Standin]:
    """A cluster that holds one Secret."""
    with api_server({"secrets": {"toy/storage": VALUES}}) as found:
        yield found


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """A job of GitHub; each token is another one."""
    number = itertools.count(1)
    with github_job(monkeypatch, lambda audience: f"{next(number)} for {audience}"):
        yield


def contract(server: Standin, *, aws: bool = False, **changes: Any) -> Contract:
    """Return the contract of dev, in a cluster without a cloud unless told otherwise."""
    document = contract_document() if aws else kubernetes_document(server)
    document["model_deployer"] |= server.place | changes
    return Contract.model_validate_json(json.dumps(document))


def know(server: Standin, folder: Path, token: str = PERSON) -> None:
    """Write the kubeconfig of a person who knows the cluster of dev."""
    (folder / "kubeconfig").write_text(kubeconfig({"acme-dev": server}, token))


def test_a_job_asks_with_a_token_for_this_cluster(server: Standin, github: None, tmp_path: Path) -> None:
    """A kubeconfig that is there, too, is not looked at; nothing is written."""
    know(server, tmp_path)
    before = sorted(tmp_path.iterdir())

    assert {"AWS_REGION": b"us-east-1", "empty": b""} == open_cluster(contract(server)).secret("toy", "storage")
    assert [(f"1 for {AUDIENCE}", "GET", "/api/v1/namespaces/toy/secrets/storage")] == server.calls
    assert before == sorted(tmp_path.iterdir())


def test_an_old_token_is_asked_for_again(server: Standin, github: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deployment that waits for minutes is not locked out by the five that a token is good for."""
    clock = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(signing_in, "time", SimpleNamespace(monotonic=lambda: clock.now))
    cluster = open_cluster(contract(server))
    for clock.now in (1000.0, 1100.0, 1130.0, 1140.0):
        cluster.secret("toy", "storage")

    assert ["1", "1", "2", "2"] == [token.partition(" ")[0] for token, *_ in server.calls]


def test_a_person_asks_by_the_context_of_that_name(server: Standin, tmp_path: Path) -> None:
    """The server of the context must be that of the contract; then it is asked as the context says."""
    know(server, tmp_path)
    open_cluster(contract(server)).secret("toy", "storage")
    connect_by_kubeconfig("acme-dev").secret("toy", "storage")
    know(replace(server, url="https://127.0.0.1:1"), tmp_path)
    with pytest.raises(UserError) as caught:
        open_cluster(contract(server))

    assert [PERSON] * 2 == [token for token, *_ in server.calls]
    told = f"its server is `https://127.0.0.1:1`, the contract says `{server.url}`"
    assert (
        f"kubeconfig: context `acme-dev`: {told}; correct it, or pull the contract `--from` it" in caught.value.problems
    )


def test_whoever_is_in_aws_asks_with_a_signed_request(server: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is a request to STS that names the cluster, good for a minute, and holds no key."""
    with empty_moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        open_cluster(contract(server, aws=True)).secret("toy", "storage")
    ((token, *_),) = server.calls
    start, _, encoded = token.partition(".")
    url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()

    assert ("k8s-aws-v1", False) == (start, encoded.endswith("="))
    assert [f"{endpoint}/", "Action=GetCallerIdentity"] == url.split("&")[0].split("?")
    for part in ("X-Amz-Expires=60", "X-Amz-SignedHeaders=host%3Bx-k8s-aws-id", f"%2F{REGION}%2Fsts%2F"):
        assert part in url


def no_context(server: Standin, folder: Path) -> None:
    """Nothing to sign in with."""


def unknown(server: Standin, folder: Path) -> None:
    """A token that the server does not know."""
    know(server, folder, "stolen")
    server.strangers.add("stolen")


def denied(server: Standin, folder: Path) -> None:
    """Somebody without the right."""
    know(server, folder)
    server.readers["toy/storage"] = set()


def gone(server: Standin, folder: Path) -> None:
    """A Secret that is not there."""
    know(server, folder)
    server.objects["secrets"].clear()


REFUSALS: dict[str, tuple[Callable[[Standin, Path], None], str]] = {
    "no context": (
        no_context,
        "kubeconfig: context `acme-dev`: no job of GitHub that may ask for a token, and no such context: ",
    ),
    "unknown": (
        unknown,
        "Secret `toy/storage`: the API server of `acme-dev` does not know who asks; sign in again, "
        f"or let it take tokens for `{AUDIENCE}`",
    ),
    "denied": (
        denied,
        "Secret `toy/storage`: the API server of `acme-dev` denies it; the identity needs get on this Secret",
    ),
    "gone": (gone, "Secret `toy/storage`: does not exist in the cluster `acme-dev`"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_is_explained(name: str, server: Standin, tmp_path: Path) -> None:
    """One line, without the token."""
    prepare, told = REFUSALS[name]
    prepare(server, tmp_path)
    with pytest.raises(UserError) as caught:
        read_secret(contract(server), "kubernetes:///toy/storage", ["AWS_REGION"])

    (problem,) = caught.value.problems
    assert problem.startswith(told)
    assert "stolen" not in problem


def test_nobody_answers(server: Standin, github: None) -> None:
    """The reason is said in a line."""
    with pytest.raises(UserError) as caught:
        open_cluster(contract(server, cluster_endpoint=f"https://127.0.0.1:{free_port()}")).secret("toy", "storage")

    (problem,) = caught.value.problems
    assert problem.startswith("Secret `toy/storage`: the API server of `acme-dev` cannot be reached: ")
    assert "Connection refused" in problem
    assert "object at 0x" not in problem


def test_another_server_in_its_place_gets_no_token(server: Standin, github: None) -> None:
    """A server that the contract's certificates do not prove is not spoken to."""
    stranger = base64.b64encode(authority().certificate).decode()
    with pytest.raises(UserError) as caught:
        open_cluster(contract(server, certificate_authority=stranger)).secret("toy", "storage")

    assert "certificate verify failed" in caught.value.problems[0]
    assert [] == server.calls


def test_a_server_that_sends_elsewhere_is_not_followed(server: Standin, github: None) -> None:
    """A token goes to one server only."""
    with api_server() as other:
        server.elsewhere = f"{other.url}/api/v1/namespaces/toy/secrets/storage"
        with pytest.raises(UserError, match="cannot be reached"):
            open_cluster(contract(server)).secret("toy", "storage")

    assert [] == other.calls


def test_values_that_must_be_there(server: Standin, github: None) -> None:
    """Missing and empty ones are named, the others not shown."""
    with pytest.raises(UserError) as caught:
        read_secret(contract(server), "kubernetes:///toy/storage", ["AWS_REGION", "empty", "none"])

    assert ["Secret `toy/storage`: has no `empty` and no `none`; let its owner write it again"] == caught.value.problems


def test_a_contract_without_a_cluster(tmp_path: Path) -> None:
    """Environments of folders have none."""
    with pytest.raises(UserError) as caught:
        open_cluster(local_contract("toy", Tier.DEV, None, tmp_path))

    assert ["stack/dev.json: model_deployer.flavor: `process` has no cluster"] == caught.value.problems
