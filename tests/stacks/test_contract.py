"""The contract: what a project may know of an environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from components.base import Tier
from components.model_deployer.contract import KubernetesSection, ProcessSection
from pipelines.contracts import contract_text, local_contract
from stacks.contract import Contract, incompatible
from stacks.load import parse


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A contract as it lies in a project."""
    contract = local_contract("toy", Tier.STAGING, "dev", tmp_path_factory.mktemp("staging"))
    return json.loads(contract_text(contract))


PEM = "-----BEGIN PUBLIC KEY-----\n"
ROLE = "arn:aws:iam::111122223333:role/acme-dev-toy-plan"

WRONG: dict[str, dict[str, Any]] = {
    "a plain HTTP store": {"artifact_store": {"flavor": "s3", "uri": "http://bucket"}},
    "a slash at the end": {"artifact_store": {"flavor": "s3", "uri": "s3://bucket/"}},
    "a relative folder": {"model_deployer": {"flavor": "process", "uri": "serving"}},
    "another flavor": {"model_deployer": {"flavor": "magic", "uri": "file:///serving"}},
    "a private key": {"signing_key": {"public_key": "-----BEGIN PRIVATE KEY-----\n"}},
    "an unknown tier": {"tier": "production"},
    "a name with capitals": {"environment": "Prod"},
    "a path as a name": {"environment": "../prod"},
    "itself as its source": {"promotes_from": "staging"},
    "a secret": {"password": "1234"},
    "a version that is a number": {"contract_version": 1.0},
    "a key that is a name": {"signing_key": {"public_key": PEM, "private_key_uri": "awskms:///alias/signing"}},
    "a key on a web page": {"signing_key": {"public_key": PEM, "private_key_uri": "https://keys.example/signing"}},
    "a key of no Secret": {"signing_key": {"public_key": PEM, "private_key_uri": "kubernetes:///project-toy#pem"}},
    "a Secret without its key": {"signing_key": {"public_key": PEM, "private_key_uri": "kubernetes:///project-toy/a"}},
    "a role that is a user": {"roles": {"deploy": "arn:aws:iam::111122223333:user/me", "plan": ROLE}},
    "a deployer of two flavors": {"model_deployer": {"flavor": "kubernetes", "uri": "file:///serving"}},
    "a short account": {"account": "1111"},
}

CLUSTER = {
    "flavor": "kubernetes",
    "uri": "https://toy.dev.ml.acme.example",
    "cluster_name": "acme-dev",
    "cluster_endpoint": "https://0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com",
    "certificate_authority": "bm90IGEgY2VydGlmaWNhdGU=",
    "cluster_identifier": "arn:aws:eks:eu-west-1:111122223333:cluster/acme-dev",
    "namespace": "project-toy",
    "service_account": "models",
    "class_name": "alb",
    "host": "toy.dev.ml.acme.example",
    "port": 8080,
    "min_replicas": 1,
    "max_replicas": 3,
}


FREE = {name: value for name, value in CLUSTER.items() if name != "class_name"} | {
    "cluster_identifier": "11111111-1111-1111-1111-111111111111",
    "gateway": "gateway/main",
    "audience": "stackwright-acme-dev",
    "models_secret": "models",
    "storage_secret": "kubernetes:///project-toy/storage",
    "promotion_secret": "kubernetes:///project-toy/storage-promotion",
}
"""What a contract says of a cluster without a cloud."""

WRONG_CLUSTERS: dict[str, dict[str, Any]] = {
    "two ways in": FREE | {"class_name": "nginx"},
    "no way in": FREE | {"gateway": None},
    "a gateway without its namespace": FREE | {"gateway": "main"},
    "a Secret of a cloud": FREE | {"storage_secret": "acme-dev/storage"},
    "a Secret without its namespace": FREE | {"promotion_secret": "kubernetes:///storage"},
}


@pytest.mark.parametrize("name", WRONG_CLUSTERS)
def test_a_wrong_cluster_is_refused(name: str, document: dict[str, Any]) -> None:
    """There is one way into a cluster, and what is kept in it has a namespace and a name."""
    with pytest.raises(ValidationError):
        Contract.model_validate_json(json.dumps(document | {"model_deployer": WRONG_CLUSTERS[name]}), strict=True)


def test_a_cluster_without_a_cloud_has_the_same_contract(document: dict[str, Any]) -> None:
    """What it has beside one of AWS is additive: a gateway, whom tokens are for, and where keys are."""
    key = {
        "signing_key": document["signing_key"] | {"private_key_uri": "kubernetes:///project-toy/signing#private.pem"}
    }
    read = Contract.model_validate_json(json.dumps(document | key | {"model_deployer": FREE}))

    assert isinstance(read.model_deployer, KubernetesSection)
    assert FREE == read.model_deployer.model_dump(exclude_none=True)
    assert read == parse(contract_text(read), Contract, "dev.json")


def test_a_deployer_is_of_one_flavor(document: dict[str, Any]) -> None:
    """What a contract says of serving is that of its flavor; where the endpoints are, each says."""
    local = Contract.model_validate_json(json.dumps(document)).model_deployer
    cloud = Contract.model_validate_json(json.dumps(document | {"model_deployer": CLUSTER})).model_deployer

    assert isinstance(local, ProcessSection)
    assert isinstance(cloud, KubernetesSection)
    assert ("file", "https") == (urlsplit(local.uri).scheme, urlsplit(cloud.uri).scheme)


def test_a_contract_of_the_first_release_is_read(document: dict[str, Any]) -> None:
    """What 1.0 wrote has none of the later fields, and says the same as now."""
    fields = {
        "project",
        "environment",
        "tier",
        "promotes_from",
        "runs_on",
        "artifact_store",
        "experiment_tracker",
        "model_deployer",
        "monitoring",
        "data_remote",
        "signing_key",
    }
    old = {name: value for name, value in document.items() if name in fields} | {"contract_version": "1.0"}
    read, now = (Contract.model_validate_json(json.dumps(each)) for each in (old, document))

    assert read == now.model_copy(update={"contract_version": "1.0"})


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_contract_is_refused(name: str, document: dict[str, Any]) -> None:
    """Addresses have schemes, names are names, and there is no room for anything else."""
    with pytest.raises(ValidationError):
        Contract.model_validate_json(json.dumps(document | WRONG[name]), strict=True)


def test_a_contract_is_read_as_it_was_written(document: dict[str, Any]) -> None:
    """Writing and reading a contract changes nothing."""
    contract = Contract.model_validate_json(json.dumps(document))

    assert contract == parse(contract_text(contract), Contract, "staging.json")


@pytest.mark.parametrize(
    ("version", "ours"), [("1.0", True), ("1.7", True), ("2.0", False), ("0.9", False), ("10.0", False)]
)
def test_another_major_is_another_document(version: str, ours: bool) -> None:
    """Contracts are additive inside a major; of another one, the message says which side is older."""
    assert ours is (incompatible(version) is None)


def test_a_local_key_is_made_once_and_private(tmp_path: Path) -> None:
    """A second contract of the same folder has the same key, and only its owner can read the private half."""
    first, second = (local_contract("toy", Tier.DEV, None, tmp_path) for _ in range(2))

    assert first == second
    assert 0o600 == (tmp_path / "keys/signing.pem").stat().st_mode & 0o777
    assert "PRIVATE" not in contract_text(first).decode()


def test_tiers_have_an_order() -> None:
    """Tiers compare by what they are for, not by their names."""
    assert [Tier.LOCAL, Tier.DEV, Tier.STAGING, Tier.PROD] == sorted(Tier)
    assert Tier.DEV < Tier.PROD
    with pytest.raises(TypeError):
        _ = Tier.DEV < "prod"
