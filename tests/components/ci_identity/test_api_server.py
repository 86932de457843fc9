"""As whom jobs act at an API server; which tokens are in a group, tests/cluster shows on a real one."""

from __future__ import annotations

from typing import Any

import pytest

from components.base import Tier
from components.ci_identity.contract import ApiServerSpec
from components.conformance import Case

SPEC = ApiServerSpec(flavor="api_server", owner="Acme", owner_id=12, repository="churn", repository_id=345)


def promised(tier: Tier = Tier.PROD, **changes: Any) -> dict[str, Any]:
    """Return what is promised in an environment."""
    return dict(Case(SPEC.model_copy(update=changes), cloud=False).built(tier).root.outputs)


def test_a_group_says_repository_environment_and_branch() -> None:
    """Who deploys is told by both ids, the environment of the stack and the branch; pull requests are another group."""
    assert {
        "deploy": "github:12/345:environment:prod:ref:refs/heads/main",
        "plan": "github:12/345:pull_request",
        "promotion": [],
    } == promised()


@pytest.mark.parametrize("changes", [{"owner": "Somebody"}, {"repository": "renamed"}])
def test_a_name_is_nobody(changes: dict[str, Any]) -> None:
    """A name can be given to somebody else, and a renamed repository is the same one."""
    assert promised() == promised(**changes)


@pytest.mark.parametrize("changes", [{"owner_id": 13}, {"repository_id": 346}, {"branch": "trunk"}])
def test_another_repository_or_branch_is_another_group(changes: dict[str, Any]) -> None:
    """Each of what the group says counts."""
    assert promised()["deploy"] != promised(**changes)["deploy"]


def test_each_environment_has_its_own() -> None:
    """The environment is that of the stack; pull requests are for all of them, as they name none."""
    dev, prod = promised(Tier.DEV), promised(Tier.PROD)

    assert "github:12/345:environment:dev:ref:refs/heads/main" == dev["deploy"]
    assert dev["plan"] == prod["plan"]


def test_who_promotes_is_who_deploys_there() -> None:
    """The group of each environment that promotes from here is the one of its jobs that deploy."""
    targets = promised(Tier.DEV, promotes_to=("staging", "prod"))["promotion"]

    assert [promised(tier)["deploy"] for tier in (Tier.STAGING, Tier.PROD)] == targets


def test_it_makes_nothing() -> None:
    """The API server reads groups from tokens: there is nothing to make, and nothing to forget."""
    assert [] == Case(SPEC, cloud=False).built().managed
