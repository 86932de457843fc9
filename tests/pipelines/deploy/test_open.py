"""From a contract to a deployer."""

from __future__ import annotations

import pytest

from tests.harness.command import stackwright
from tests.harness.documents import contract_document
from tests.harness.project import Toy


@pytest.mark.parametrize("words", [("deploy", "--env", "prod"), ("status",)], ids=lambda words: words[0])
def test_a_cluster_is_told_to_be_out_of_reach(words: tuple[str, ...], toy: Toy) -> None:
    """A contract may say `kubernetes`; what cannot be done there yet is one line."""
    toy.edit("stack/prod.json", model_deployer=contract_document("prod")["model_deployer"])
    toy.commit("prod serves in a cluster")

    said = stackwright(*words, "--project", toy.root)

    told = "model_deployer.flavor: `kubernetes`: this release cannot deploy to it, nor tell what it serves"
    assert (1, [f"stack/prod.json: {told}"]) == (said.code, said.problems)
    assert 0 == stackwright("contract", "check", "--live", "--project", toy.root).code
