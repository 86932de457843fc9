"""The contract: what a project may know of an environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from components.base import Tier
from pipelines.contracts import contract_text, local_contract
from stacks.contract import Contract, incompatible
from stacks.load import parse


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A contract as it lies in a project."""
    contract = local_contract("toy", Tier.STAGING, "dev", tmp_path_factory.mktemp("staging"))
    return json.loads(contract_text(contract))


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
}


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
