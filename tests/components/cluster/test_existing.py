"""A cluster that somebody else owns."""

from __future__ import annotations

from typing import Any

import pytest

from components.cluster.contract import ClusterAbilities, ExistingSpec
from components.conformance import Case
from components.conformance.standins import examples
from components.errors import UserError
from stacks.load import validate

SPEC = examples(ExistingSpec)[1]
ARN = "arn:aws:eks:eu-west-1:111122223333:cluster/shared"
UID = "0f5d7a52-6f0e-4d0b-9c39-7d1f6f5c2a41"
SHOWN = ("name", "identifier", "version", "security_group_ids", "audience")


def spec(**values: Any) -> ExistingSpec:
    """The example with some values changed, as a stack file gives it."""
    return validate({**SPEC.model_dump(mode="json"), **values}, ExistingSpec, "spec.yaml")


@pytest.mark.parametrize("identifier", [ARN, UID])
@pytest.mark.parametrize("cloud", [True, False])
def test_it_creates_nothing(identifier: str, *, cloud: bool) -> None:
    """Its promises are the spec's values, in Amazon EKS and elsewhere."""
    built = Case(spec(identifier=identifier), cloud=cloud).built()

    assert [] == built.managed
    assert {
        "name": "shared",
        "identifier": identifier,
        "version": "1.35",
        "security_group_ids": {"cluster": "sg-0123456789abcdef0"},
        "audience": "stackwright-dev",
    } == {name: built.root.outputs[name] for name in SHOWN}


def test_a_cluster_of_a_laptop_is_one() -> None:
    """What has to be known of one is in every kubeconfig, but for the uid of a namespace; it has nothing else."""
    values = examples(ExistingSpec)[0].model_dump(mode="json", exclude_defaults=True)
    shown = validate({**values, "name": "kind-kind"}, ExistingSpec, "spec.yaml")

    assert {"certificate_authority", "endpoint", "flavor", "identifier", "name", "version"} == set(values)
    assert (False, None, ClusterAbilities()) == (shown.private_only, shown.audience, shown.abilities)


def test_it_says_who_reaches_it() -> None:
    """Its owner knows whether the API server answers inside the network only."""
    assert [True, False] == [spec(private_only=private).private_only for private in (True, False)]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"endpoint": "http://shared"}, "endpoint: `http://shared`: string should match pattern"),
        ({"identifier": "a cluster"}, "identifier: `a cluster`: string should match pattern"),
        (
            {"identifier": ARN, "name": "other"},
            f"identifier: `{ARN}` is not the ARN of a cluster `other` in Amazon EKS",
        ),
        (
            {"identifier": "arn:aws:s3:::shared"},
            "identifier: `arn:aws:s3:::shared` is not the ARN of a cluster `shared`",
        ),
        (
            {"abilities": {"storage_classes": ["slow"], "default_storage_class": "fast"}},
            "abilities.default_storage_class: `fast` is not in storage_classes (slow)",
        ),
        (
            {"abilities": {"default_storage_class": "fast"}},
            "abilities.default_storage_class: `fast` is not in storage_classes (none)",
        ),
        ({"abilities": {"storage": ["fast"]}}, "abilities.storage: unknown field"),
        ({"security_group_ids": {"nodes": "default"}}, "security_group_ids.nodes: `default`: string should match"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, object], told: str) -> None:
    """A value that names nothing is told at its path."""
    with pytest.raises(UserError) as refused:
        spec(**values)

    assert str(refused.value).startswith(f"spec.yaml: {told}")
