"""The environment program of every shape, recorded: the examples, and what may be different between them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness.environments import ENVIRONMENTS, SHAPES, different, neutral, recorded, values

SIZES = {
    "aws": {"instanceClass", "limitAmount", "maxSize", "multiAz", "natGatewayId", "replicas"},
    "kubernetes": {
        "enablePDB",
        "enabled",
        "instances",
        "minAvailable",
        "replicaCount",
        "replicas",
        "replicationPlacement",
        "retentionSize",
        "size",
        "storage",
    },
}
REACH = {"aws": {"endpointPublicAccess", "publicAccessCidrs"}, "kubernetes": {"issuerRef"}}
ONLY_LARGE = {
    "aws": {"Eip", "NatGateway", "PodDisruptionBudget", "SecurityGroupIngressRule"},
    "kubernetes": {"PodDisruptionBudget"},
}
"""What an environment with one zone for the way out, one server or runners elsewhere does not have."""
ONLY_SMALL = {"aws": set[str](), "kubernetes": {"Certificate", "Issuer", "Namespace", "Release"}}
"""What an environment has for itself that others get of somebody: an authority, and what their cluster has already."""
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


def words(shape: str, environment: str) -> dict[str, str]:
    """Return the words that an example is told by, and what stands for them."""
    told = values(shape, environment)
    if shape == "aws":
        return {told["account"]: "ACCOUNT", told["network"]["cidr"].removesuffix("0.0/16"): "10.N.", environment: "ENV"}
    return {"/dev/null": "NOWHERE", told["cluster"]["identifier"]: "CLUSTER", environment: "ENV"}


def neutral_graph(shape: str, environment: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return inputs and protection of an example, but for its runners and their controller."""
    told = words(shape, environment)
    return {
        (type_, neutral(name, told)): json.loads(
            neutral(json.dumps(dict(item.inputs), sort_keys=True, default=str), told)
        )
        | {"protect": item.protect}
        for (type_, name), item in recorded(shape, environment).items()
        if ":runners:" not in item.urn and "gha-runner" not in name
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_environments_differ_only_in_names_sizes_reach_and_protection(shape: str) -> None:
    """Of the same resources, whatever is not the name of the environment is a size, its reach, or a protection."""
    prod = neutral_graph(shape, "prod")
    for environment in ("dev", "staging"):
        other = neutral_graph(shape, environment)
        assert ONLY_LARGE[shape] >= {type_.rpartition(":")[2] for type_, _ in set(prod) - set(other)}
        assert ONLY_SMALL[shape] >= {type_.rpartition(":")[2] for type_, _ in set(other) - set(prod)}
        for key in set(other) & set(prod):
            assert set() == set(different(other[key], prod[key])) - SIZES[shape] - REACH[shape] - PROTECTION, key


STATEFUL = {
    "aws": {"aws:s3/bucket:Bucket", "aws:rds/instance:Instance", "aws:kms/key:Key", "aws:ecr/repository:Repository"},
    "kubernetes": {"kubernetes:postgresql.cnpg.io/v1:Cluster"},
}
HOMES = {"artifacts", "database"}
"""Components of a cluster whose namespace has the volumes with the data."""


@pytest.mark.parametrize("shape", SHAPES)
def test_data_is_protected_outside_of_dev(shape: str) -> None:
    """What holds data refuses to be deleted in staging and prod, and goes with a dev environment."""
    for environment in ENVIRONMENTS:
        graph = recorded(shape, environment)
        kept = [
            item.protect
            for (type_, name), item in graph.items()
            if type_ in STATEFUL[shape] or (type_ == "kubernetes:core/v1:Namespace" and name in HOMES)
        ]
        assert len(kept) >= 3
        assert {environment != "dev"} == {bool(value) for value in kept}


MORE_POOLS: dict[str, dict[str, Any]] = {
    "aws": {"flavor": "eks_managed", "instance_types": ["p5.48xlarge"], "max_size": 2},
    "kubernetes": {
        "flavor": "existing",
        "labels": {"stackwright/pool": "training"},
        "taints": [{"key": "training"}],
        "cpu": 192,
        "memory_gib": 2048,
        "max_size": 2,
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_new_pool_changes_nothing_that_is_there(shape: str) -> None:
    """One more pool is its own resources; what others wait for or are made of stays."""
    pools = values(shape, "prod")["node_pools"]
    before, after = recorded(shape, "prod"), recorded(shape, "prod", node_pools=pools | {"training": MORE_POOLS[shape]})

    assert set() == set(before) - set(after)
    assert before == {key: after[key] for key in before}
    made = {item.name for item in after.values() if item.type.endswith("NodePool")}
    assert {"training", *(["system"] if shape == "aws" else []), *pools} == made


@pytest.mark.parametrize("shape", SHAPES)
def test_a_program_is_the_same_twice(shape: str) -> None:
    """The same spec registers the same resources, in whatever order they are written."""
    told = values(shape, "prod")
    turned = dict(reversed(list(told.items())))

    assert recorded(shape, "prod") == recorded(shape, "prod", **turned)


PROVIDERS = {"aws": {"aws", "kubernetes"}, "kubernetes": {"kubernetes", "random", "tls"}}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_resource_has_a_provider_of_ours(shape: str) -> None:
    """No default provider: each goes through one that is bound to the account or the cluster, or that makes values."""
    root = "urn:pulumi:prod::stackwright-environment::pulumi:providers:"
    custom = [item for (type_, _), item in recorded(shape, "prod").items() if item.custom and type_[:7] != "pulumi:"]

    used = {(item.type.partition(":")[0], str(item.provider).partition("::${")[0]) for item in custom}
    assert {(name, f"{root}{name}::{name}") for name in PROVIDERS[shape]} == used
