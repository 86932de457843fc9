"""The program of an environment in AWS, recorded: what only this shape has."""

from __future__ import annotations

import json

import pytest

from tests.harness.environments import different, recorded, values


def test_a_new_zone_changes_nothing_that_is_there() -> None:
    """A zone in the address plan adds resources; what is there stays, or takes one more subnet in place."""
    network = values("aws", "prod")["network"]
    fewer = json.loads(json.dumps(network))
    for ranges in fewer["subnets"].values():
        del ranges["euc1-az3"]
    before, after = recorded("aws", "prod", network=fewer), recorded("aws", "prod", network=network)
    assert set() == set(before) - set(after)
    grown = {
        ("aws:rds/subnetGroup:SubnetGroup", "database"),
        ("aws:codebuild/project:Project", "runners"),
        ("aws:iam/rolePolicy:RolePolicy", "runners"),
    }
    for key, item in before.items():
        left_alone = {path.rpartition(".")[2] for path in item.ignore_changes}
        assert set() == set(different(dict(item.inputs), dict(after[key].inputs))) - left_alone or key in grown, key


def test_two_environments_share_an_account() -> None:
    """Fixed physical names carry the environment: two in one account do not meet."""
    fixed = [
        {
            (type_, str(item.inputs[name]))
            for (type_, _), item in recorded("aws", environment, account="111111111111").items()
            for name in ("bucket", "name", "identifier")
            if type_.startswith("aws:") and not str(item.inputs.get(name, "${")).startswith("${")
        }
        for environment in ("staging", "prod")
    ]
    assert set() == fixed[0] & fixed[1]


@pytest.mark.parametrize("bounded", [True, False])
def test_every_role_carries_the_boundary(bounded: bool) -> None:
    """Who applies may make no other role; an account that was not bootstrapped by us has none to carry."""
    roles = [
        item
        for (type_, _), item in recorded("aws", "dev", bounded_roles=bounded).items()
        if type_ == "aws:iam/role:Role"
    ]
    arn = "arn:aws:iam::111111111111:policy/acme-dev-boundary"

    assert {arn if bounded else None} == {item.inputs.get("permissionsBoundary") for item in roles}
