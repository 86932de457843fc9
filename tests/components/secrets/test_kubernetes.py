"""Secrets in the cluster: empty, and other people's from then on."""

from __future__ import annotations

import pytest

from components.base import Tier
from components.conformance import Case
from components.errors import UserError
from components.recording import RecordedResource
from components.secrets.contract import KubernetesSpec, SecretsSection
from stacks.load import validate

SPEC = KubernetesSpec(flavor="kubernetes", names=("github-app-key", "token"))


def secrets(tier: Tier = Tier.DEV) -> dict[str, RecordedResource]:
    """The secrets of an environment by their names in the cluster."""
    managed = Case(SPEC, cloud=False).built(tier).managed
    return {item.inputs["metadata"]["name"]: item for item in managed if item.type.endswith(":Secret")}


def test_no_value_is_in_the_program() -> None:
    """A program that says nothing of the data takes nothing of it away either, at no `up`."""
    found = secrets()

    assert {"github-app-key", "token"} == set(found)
    assert all({"data", "stringData"}.isdisjoint(item.inputs) for item in found.values())
    assert all({"data", "stringData"} == set(item.ignore_changes) for item in found.values())


def test_they_have_a_namespace_of_their_own() -> None:
    """The prefix is the namespace, in outputs and objects alike, and the section of a contract takes it."""
    prefix = Case(SPEC, cloud=False).built().root.outputs["prefix"]

    assert {prefix.rstrip("/")} == {item.inputs["metadata"]["namespace"] for item in secrets().values()}
    assert "stackwright-secrets/" == SecretsSection(flavor="kubernetes", prefix=prefix).prefix


@pytest.mark.parametrize("tier", [Tier.DEV, Tier.STAGING, Tier.PROD])
def test_they_go_with_a_dev_environment_only(tier: Tier) -> None:
    """Elsewhere a deletion is refused: nobody has the values twice."""
    assert {tier > Tier.DEV} == {item.protect for item in secrets(tier).values()}


@pytest.mark.parametrize("name", ["github/app-key", "Token", "a_b", "-a", "a" * 64], ids=len)
def test_names_are_those_of_objects(name: str) -> None:
    """What AWS takes in a name, a cluster may not."""
    with pytest.raises(UserError) as refused:
        validate({"flavor": "kubernetes", "names": [name]}, KubernetesSpec, "dev.yaml")

    assert f"names.0: `{name[:40]}" in str(refused.value)
