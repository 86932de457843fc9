"""Where a store is asked, and as whom: two environments in one process do not mix."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from components.errors import UserError
from pipelines.store.access import access_of, source_access
from pipelines.store.open import source_of, store_of
from pipelines.store.s3 import s3_client
from stacks.contract import Contract
from tests.harness.api_server import Standin, api_server
from tests.harness.aws import empty_moto_server
from tests.harness.calls import recorded_calls
from tests.harness.documents import contract_document
from tests.harness.kubernetes_documents import HOME, kubernetes_document, storage_user
from tests.harness.kubernetes_job import kubeconfig
from tests.harness.packages import make_package

ENDPOINT = "https://s3.dev.ml.acme.example"
OWNER = {"aws_access_key_id": "owner", "aws_secret_access_key": "owner", "region_name": "us-east-1"}
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL")


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without keys."""
    for name in (*KEYS, "ACTIONS_ID_TOKEN_REQUEST_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[dict[str, Standin]]:
    """The clusters of dev and staging, with the keys of their stores."""
    with ExitStack() as stack:
        found = {name: stack.enter_context(api_server()) for name in ("dev", "staging")}
        for name, cluster in found.items():
            cluster.objects["secrets"] = {
                f"{HOME}/{secret}": storage_user(f"{name}-{secret}") for secret in ("storage", "storage-promotion")
            }
        monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
        (tmp_path / "kubeconfig").write_text(kubeconfig({f"acme-{name}": item for name, item in found.items()}))
        yield found


def contract(environment: str, cluster: Standin, endpoint: str = ENDPOINT, **changes: Any) -> Contract:
    """Return a contract in a cluster without a cloud."""
    document = kubernetes_document(cluster, environment)
    document["model_deployer"] |= changes
    document["artifact_store"] |= {"endpoint": endpoint, "region": None}
    return Contract.model_validate_json(json.dumps(document))


def test_keys_are_of_the_environment_and_of_what_is_done(clusters: dict[str, Standin]) -> None:
    """The address is the contract's, whatever the Secret says for pods."""
    dev, staging = (contract(name, cluster) for name, cluster in clusters.items())
    own, source = access_of(staging), source_access(dev)

    assert ["staging-storage", "dev-storage-promotion"] == [found["aws_access_key_id"] for found in (own, source)]
    assert {ENDPOINT} == {own["endpoint_url"], source["endpoint_url"]}
    assert {"eu-somewhere-1"} == {own["region_name"], source["region_name"]}


def test_a_store_whose_keys_are_everybodys_has_its_address_only(clusters: dict[str, Standin]) -> None:
    """Without a Secret whoever runs this has rights of their own; Amazon's store needs no word at all."""
    shared = contract("dev", clusters["dev"], storage_secret=None, promotion_secret=None)
    amazon = Contract.model_validate_json(json.dumps(contract_document()))

    assert [{"endpoint_url": ENDPOINT}] * 2 == [access_of(shared), source_access(shared)]
    assert [{}, {}] == [access_of(amazon), source_access(amazon)]


def test_two_stores_are_open_at_once(
    clusters: dict[str, Standin], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each client has its own keys and address, also where the process has other ones; buckets are in the path."""
    package = make_package(tmp_path / "package")
    with empty_moto_server() as endpoint, recorded_calls() as calls:
        for name in clusters:
            s3_client({**OWNER, "endpoint_url": endpoint}).create_bucket(Bucket=f"acme-{name}-artifacts")
        calls.clear()
        dev, staging = (contract(name, cluster, endpoint) for name, cluster in clusters.items())
        source, target = source_of(dev), store_of(staging)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody else")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "of somebody else")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
        assert source.publish(package)
        assert target.publish(source.open(package.digest, tmp_path))

    assert {("acme-dev-artifacts", "dev-storage-promotion"), ("acme-staging-artifacts", "staging-storage")} == {
        (call.asked.partition("/")[0], call.identity) for call in calls
    }


def test_a_job_that_the_source_does_not_let_in(clusters: dict[str, Standin]) -> None:
    """The cluster of the source decides, by its own Secret; the other's is not looked at."""
    clusters["dev"].readers[f"{HOME}/storage-promotion"] = set()
    with pytest.raises(UserError) as caught:
        source_of(contract("dev", clusters["dev"]))

    told = "the API server of `acme-dev` denies it; the identity needs get on this Secret"
    assert [f"Secret `{HOME}/storage-promotion`: {told}"] == caught.value.problems
    assert [] == clusters["staging"].calls
