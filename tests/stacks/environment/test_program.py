"""The environment program, recorded: the three examples, and what may be different between them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.recording import RecordedResource, record
from stacks.environment.config import KEY, environment_spec
from stacks.environment.program import program

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"
Graph = dict[tuple[str, str], RecordedResource]

SIZES = {"instanceClass", "limitAmount", "maxSize", "multiAz", "natGatewayId", "replicas"}
REACH = {"endpointPublicAccess", "publicAccessCidrs"}
ONLY_LARGE = {"Eip", "NatGateway", "PodDisruptionBudget", "SecurityGroupIngressRule"}
"""What an environment with one zone for the way out, one server or runners elsewhere does not have."""
PROTECTION = {
    "protect",
    "deleteAutomatedBackups",
    "deletionProtection",
    "deletionWindowInDays",
    "finalSnapshotIdentifier",
    "forceDelete",
    "forceDestroy",
    "recoveryWindowInDays",
    "skipFinalSnapshot",
}


@cache
def values(environment: str) -> dict[str, Any]:
    """Return what an example says."""
    return yaml.safe_load((EXAMPLES / f"Pulumi.{environment}.yaml").read_text())["config"][KEY]


def recorded(environment: str, **changes: Any) -> Graph:
    """Return the graph of an example, by type and name, with other values."""
    spec = environment_spec(values(environment) | changes, "Pulumi.yaml", environment)
    found = record(lambda: program(spec), project="stackwright-environment", stack=environment)
    return {(item.type, item.name): item for item in found if item.type != "pulumi:pulumi:Stack"}


def neutral(text: str, environment: str) -> str:
    """Return text without the words that an environment is told by."""
    told = values(environment)
    words = {told["account"]: "ACCOUNT", told["network"]["cidr"].removesuffix("0.0/16"): "10.N.", environment: "ENV"}
    for word, instead in words.items():
        text = re.sub(rf'(?<![a-z])(?<!"/){re.escape(word)}(?![a-z])', instead, text)
    return text


def neutral_graph(environment: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return inputs and protection of an example, but for its runners, by type and name."""
    return {
        (type_, neutral(name, environment)): json.loads(
            neutral(json.dumps(dict(item.inputs), sort_keys=True, default=str), environment)
        )
        | {"protect": item.protect}
        for (type_, name), item in recorded(environment).items()
        if ":runners:" not in item.urn
    }


def different(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Yield the last names of all paths at which two values differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours | theirs:
            yield from different(ours.get(name), theirs.get(name), name)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from different(one, other, path)
    elif ours != theirs:
        yield path


def test_environments_differ_only_in_names_sizes_reach_and_protection() -> None:
    """Of the same resources, whatever is not the name of the environment is a size, its reach, or a protection."""
    prod = neutral_graph("prod")
    for environment in ("dev", "staging"):
        other = neutral_graph(environment)
        assert set() == set(other) - set(prod)
        assert ONLY_LARGE >= {type_.rpartition(":")[2] for type_, _ in set(prod) - set(other)}
        for key in other:
            assert set() == set(different(other[key], prod[key])) - SIZES - REACH - PROTECTION, key


def test_data_is_protected_outside_of_dev() -> None:
    """Buckets, databases and keys refuse to be deleted in staging and prod, and go with a dev environment."""
    stateful = {"aws:s3/bucket:Bucket", "aws:rds/instance:Instance", "aws:kms/key:Key", "aws:ecr/repository:Repository"}
    for environment, protected in (("dev", False), ("staging", True), ("prod", True)):
        graph = recorded(environment)
        kept = {item.protect for (type_, _), item in graph.items() if type_ in stateful}
        assert {protected} == {bool(value) for value in kept}


def test_a_new_zone_changes_nothing_that_is_there() -> None:
    """A zone in the address plan adds resources; what is there stays, or takes one more subnet in place."""
    network = json.loads(json.dumps(values("prod")["network"]))
    fewer = json.loads(json.dumps(network))
    for ranges in fewer["subnets"].values():
        del ranges["euc1-az3"]
    before, after = recorded("prod", network=fewer), recorded("prod", network=network)
    assert set() == set(before) - set(after)
    grown = {
        ("aws:rds/subnetGroup:SubnetGroup", "database"),
        ("aws:codebuild/project:Project", "runners"),
        ("aws:iam/rolePolicy:RolePolicy", "runners"),
    }
    for key, item in before.items():
        left_alone = {path.rpartition(".")[2] for path in item.ignore_changes}
        assert set() == set(different(dict(item.inputs), dict(after[key].inputs))) - left_alone or key in grown, key


def test_a_new_pool_changes_nothing_that_is_there() -> None:
    """One more pool, of GPUs even, is its own resources; what others wait for or are made of stays."""
    pools = values("prod")["node_pools"]
    more = pools | {"training": {"flavor": "eks_managed", "instance_types": ["p5.48xlarge"], "max_size": 2}}
    before, after = recorded("prod"), recorded("prod", node_pools=more)

    assert set() == set(before) - set(after)
    assert before == {key: after[key] for key in before}
    made = {item.name for item in after.values() if item.type.endswith(":EksManagedNodePool")}
    assert {"training", "system", *pools} == made


def test_two_environments_share_an_account() -> None:
    """Fixed physical names carry the environment: two in one account do not meet."""
    fixed = [
        {
            (type_, str(item.inputs[name]))
            for (type_, _), item in recorded(environment, account="111111111111").items()
            for name in ("bucket", "name", "identifier")
            if type_.startswith("aws:") and not str(item.inputs.get(name, "${")).startswith("${")
        }
        for environment in ("staging", "prod")
    ]
    assert set() == fixed[0] & fixed[1]


def test_every_resource_has_our_provider() -> None:
    """No default provider: each resource goes through the one that is bound to the account."""
    provider = "urn:pulumi:prod::stackwright-environment::pulumi:providers:aws::aws"
    custom = [item for (type_, _), item in recorded("prod").items() if item.custom and type_.startswith("aws:")]
    assert {provider} == {str(item.provider).partition("::${")[0] for item in custom}


@pytest.mark.parametrize("bounded", [True, False])
def test_every_role_carries_the_boundary(bounded: bool) -> None:
    """Who applies may make no other role; an account that was not bootstrapped by us has none to carry."""
    roles = [
        item for (type_, _), item in recorded("dev", bounded_roles=bounded).items() if type_ == "aws:iam/role:Role"
    ]
    arn = "arn:aws:iam::111111111111:policy/acme-dev-boundary"

    assert {arn if bounded else None} == {item.inputs.get("permissionsBoundary") for item in roles}
