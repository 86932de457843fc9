"""From a contract to a deployer."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.deploy.kubernetes import KubernetesDeployer
from pipelines.deploy.open import open_deployer
from pipelines.deploy.process import ProcessDeployer
from tests.harness.api_server import api_server
from tests.harness.command import stackwright
from tests.harness.documents import contract_document
from tests.harness.project import Toy


def test_a_contract_names_its_deployer(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening one asks nobody anything."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with api_server({}) as server:
        section = contract_document("prod")["model_deployer"] | server.place
        toy.edit("stack/prod.json", model_deployer=section, account="123456789012", region="eu-west-1")

        found = [open_deployer(toy.project, toy.project.contract(name)) for name in ("dev", "prod")]

    assert [ProcessDeployer, KubernetesDeployer] == [type(deployer) for deployer in found]


@pytest.mark.parametrize("words", [("deploy", "--env", "prod"), ("status",)], ids=lambda words: words[0])
def test_a_cluster_that_nobody_can_sign_in_to_is_named(
    words: tuple[str, ...], toy: Toy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """One line, and what to do; nothing was changed."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    section = contract_document("prod")["model_deployer"]
    toy.edit("stack/prod.json", model_deployer=section)
    toy.commit("prod serves in a cluster")

    said = stackwright(*words, "--project", toy.root)

    assert 1 == said.code
    assert said.problems[0].startswith("kubeconfig: context `acme-prod`: ")
    assert 1 == len(said.problems)
