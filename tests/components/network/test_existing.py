"""A network that somebody else owns."""

from __future__ import annotations

import pytest

from components.conformance import Case
from components.errors import UserError
from components.network.contract import ExistingSpec
from stacks.load import validate

SUBNETS = {"euw1-az1": "subnet-0123456789abcdef0", "euw1-az2": "subnet-0123456789abcdef1"}
SPEC = {
    "flavor": "existing",
    "vpc_id": "vpc-0123456789abcdef0",
    "cidr": "10.20.0.0/16",
    "private_subnet_ids": SUBNETS,
    "isolated_subnet_ids": SUBNETS,
}


def test_it_promises_what_the_spec_says() -> None:
    """The outputs are the values of the spec, and nothing is created."""
    built = Case(validate(SPEC, ExistingSpec, "spec.yaml")).built()

    expected = {name: value for name, value in SPEC.items() if name != "flavor"} | {"public_subnet_ids": {}}
    assert expected == dict(built.root.outputs)
    assert [] == built.managed


def test_one_zone_is_not_enough() -> None:
    """What would fail at the cluster is told at load."""
    with pytest.raises(UserError) as refused:
        validate(SPEC | {"private_subnet_ids": {"euw1-az1": SUBNETS["euw1-az1"]}}, ExistingSpec, "spec.yaml")

    told = "a cluster and a database need subnets in two zones or more; add one"
    assert str(refused.value).startswith("spec.yaml: private_subnet_ids: ")
    assert str(refused.value).endswith(told)
