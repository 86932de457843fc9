"""The environment program, recorded: the three examples, and what may be different between them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from components.recording import RecordedResource, record
from stacks.environment.config import KEY, environment_spec
from stacks.environment.program import program

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"
Graph = dict[tuple[str, str], RecordedResource]

SIZES = {"instanceClass", "limitAmount", "multiAz", "natGatewayId"}
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


def neutral(item: RecordedResource, environment: str) -> dict[str, Any]:
    """Return inputs and protection without the words that an environment is told by."""
    told = values(environment)
    words = {told["account"]: "ACCOUNT", told["network"]["cidr"].removesuffix("0.0/16"): "10.N.", environment: "ENV"}
    text = json.dumps(dict(item.inputs), sort_keys=True, default=str)
    for word, instead in words.items():
        text = text.replace(word, instead)
    return json.loads(text) | {"protect": item.protect}


def test_environments_differ_only_in_names_sizes_and_protection() -> None:
    """Of the same resources, whatever is not the name of the environment is a size or a protection."""
    prod = recorded("prod")
    for environment in ("dev", "staging"):
        other = recorded(environment)
        assert set() == set(other) - set(prod)
        assert {"Eip", "NatGateway"} >= {type_.rpartition(":")[2] for type_, _ in set(prod) - set(other)}
        for key in other:
            ours, theirs = neutral(other[key], environment), neutral(prod[key], "prod")
            different = {name for name in ours | theirs if ours.get(name) != theirs.get(name)}
            assert set() == different - SIZES - PROTECTION, key


def test_data_is_protected_outside_of_dev() -> None:
    """Buckets, databases and keys refuse to be deleted in staging and prod, and go with a dev environment."""
    stateful = {"aws:s3/bucket:Bucket", "aws:rds/instance:Instance", "aws:kms/key:Key", "aws:ecr/repository:Repository"}
    for environment, protected in (("dev", False), ("staging", True), ("prod", True)):
        graph = recorded(environment)
        kept = {item.protect for (type_, _), item in graph.items() if type_ in stateful}
        assert {protected} == {bool(value) for value in kept}


def test_a_new_zone_changes_nothing_that_is_there() -> None:
    """Adding a zone to the address plan adds resources; the subnets, routes and gateways there stay as they are."""
    network = json.loads(json.dumps(values("prod")["network"]))
    fewer = json.loads(json.dumps(network))
    for ranges in fewer["subnets"].values():
        del ranges["euc1-az3"]
    before, after = recorded("prod", network=fewer), recorded("prod", network=network)
    assert set() == set(before) - set(after)
    lists = {"subnetIds", "routeTableIds"}
    for key, item in before.items():
        assert _without(item, lists) == _without(after[key], lists), key


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


def _without(item: RecordedResource, names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in item.inputs.items() if name not in names}
