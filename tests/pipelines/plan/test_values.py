"""Values held against CloudFormation's schemas."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.plan.graph import Graph
from pipelines.plan.policy.base import sketch
from pipelines.plan.values import wrong_values

GROUP = {"clusterName": "acme", "nodeRoleArn": "arn:aws:iam::111122223333:role/n", "subnetIds": ["subnet-1"]}

WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "missing": ("aws:ec2/subnet:Subnet a", {}, "vpcId: missing; AWS::EC2::Subnet requires it"),
    "renamed and missing": (
        "aws:iam/role:Role a",
        {"name": "a"},
        "assumeRolePolicy: missing; AWS::IAM::Role requires it",
    ),
    "enum": (
        "aws:eks/nodeGroup:NodeGroup a",
        {**GROUP, "amiType": "AL9"},
        "amiType: `AL9` is not allowed; choose one of",
    ),
    "enum in a list": (
        "aws:eks/nodeGroup:NodeGroup a",
        {**GROUP, "taints": [{"key": "k", "effect": "Never"}]},
        "taints[0].effect: `Never` is not allowed; choose one of NO_EXECUTE",
    ),
    "range": (
        "aws:kms/key:Key a",
        {"deletionWindowInDays": 3},
        "deletionWindowInDays: `3` is out of range; allowed: 7 to 30",
    ),
    "least": (
        "aws:rds/instance:Instance a",
        {"backupRetentionPeriod": -1},
        "backupRetentionPeriod: `-1` is out of range; allowed: at least 0",
    ),
    "length": (
        "aws:ecr/repository:Repository a",
        {"name": "a"},
        "name: `a` has 1 characters; allowed: 2 to 256",
    ),
    "pattern": ("aws:ecr/repository:Repository a", {"name": "Acme"}, "name: `Acme` does not match"),
    "type": ("aws:ec2/vpc:Vpc a", {"enableDnsSupport": {"on": 1}}, "enableDnsSupport: `{'on': 1}` is not boolean"),
    "inside another type": (
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls a",
        {"bucket": "b", "rule": {"objectOwnership": "Mine"}},
        "rule.objectOwnership: `Mine` is not allowed",
    ),
    "items": (
        "aws:eks/cluster:Cluster a",
        {"roleArn": "arn", "vpcConfig": {}, "encryptionConfig": [{}, {}]},
        "encryptionConfig: has 2 items; allowed: 0 to 1",
    ),
}


@pytest.mark.parametrize(("label", "inputs", "said"), WRONG.values(), ids=list(WRONG))
def test_what_aws_would_refuse_is_said(label: str, inputs: dict[str, Any], said: str) -> None:
    """One line per value: the path that the program wrote, the value, what is allowed."""
    found = [message for _, message in wrong_values(sketch({label: inputs}))]

    assert 1 == len(found)
    assert found[0].startswith(said)


FINE: dict[str, tuple[str, dict[str, Any]]] = {
    "computed": ("aws:ecr/repository:Repository a", {"name": "${aws:s3/bucket:Bucket::data.id}"}),
    "secret": ("aws:ecr/repository:Repository a", {"name": {"secret": True}}),
    "document as text": ("aws:iam/role:Role a", {"assumeRolePolicy": '{"Statement": []}'}),
    "number as text": ("aws:rds/instance:Instance a", {"backupRetentionPeriod": "7"}),
    "one object for a list": (
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls a",
        {"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    "list for one object": (
        "aws:ecr/repository:Repository a",
        {"encryptionConfigurations": [{"encryptionType": "KMS"}]},
    ),
    "unknown field": ("aws:s3/bucket:Bucket a", {"inventedByTheProvider": 3}),
    "unmapped type": ("aws:neverheard/of:It a", {"x": object}),
}


@pytest.mark.parametrize(("label", "inputs"), FINE.values(), ids=list(FINE))
def test_what_cannot_be_judged_is_left_alone(label: str, inputs: dict[str, Any]) -> None:
    """A value that only a provider knows, and the shapes in which Pulumi writes the same, are fine."""
    assert [] == list(wrong_values(sketch({label: inputs})))


def in_region(region: str, label: str, inputs: dict[str, Any]) -> Graph:
    """Return the graph of one resource whose provider is of a region."""
    graph = sketch({"pulumi:providers:aws main": {"region": region}, label: inputs})
    provider = next(one.urn for one in graph.resources if one.type == "pulumi:providers:aws")
    resources = tuple(one.model_copy(update={"provider": provider}) for one in graph.resources)
    return Graph(project="p", stack="s", resources=resources)


def test_what_cloudformation_lacks_in_a_region_is_judged_as_elsewhere() -> None:
    """Budgets belong to no region, and CloudFormation has them in some only: that refuses nothing."""
    label = "aws:budgets/budget:Budget a"

    right = in_region("eu-north-1", label, {"budgetType": "COST", "timeUnit": "MONTHLY"})
    wrong = in_region("eu-north-1", label, {"budgetType": "COST", "timeUnit": ["x"]})

    assert [] == list(wrong_values(right))
    assert ["timeUnit: `['x']` is not string"] == [message for _, message in wrong_values(wrong)]
