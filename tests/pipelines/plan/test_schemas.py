"""What a changed input does, by CloudFormation's schemas."""

from __future__ import annotations

import json

import pytest

from components.errors import UserError
from pipelines.plan import schemas
from pipelines.plan.kubernetes_types import FIXED
from pipelines.plan.kubernetes_types import effect as kubernetes_effect
from pipelines.plan.schemas import Effect, data_folder, effect, schema_of, translate, types_of
from pipelines.plan.stateful import STATEFUL
from pipelines.plan.type_table import TYPES

EFFECTS = [
    ("aws:s3/bucket:Bucket", "bucket", Effect.REPLACES),
    ("aws:s3/bucket:Bucket", "forceDestroy", Effect.IN_PLACE),
    ("aws:s3/bucket:Bucket", "tags.Name", Effect.IN_PLACE),
    ("aws:s3/bucket:Bucket", "region", Effect.REPLACES),
    ("aws:s3/bucket:Bucket", "inventedByTheProvider", Effect.MAY_REPLACE),
    ("aws:s3/bucketVersioning:BucketVersioning", "bucket", Effect.REPLACES),
    ("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", Effect.IN_PLACE),
    ("aws:ec2/vpc:Vpc", "cidrBlock", Effect.REPLACES),
    ("aws:ec2/vpc:Vpc", "enableDnsHostnames", Effect.IN_PLACE),
    ("aws:ec2/vpc:Vpc", "instanceTenancy", Effect.MAY_REPLACE),
    ("aws:ec2/subnet:Subnet", "availabilityZoneId", Effect.REPLACES),
    ("aws:rds/instance:Instance", "dbName", Effect.REPLACES),
    ("aws:rds/instance:Instance", "username", Effect.REPLACES),
    ("aws:rds/instance:Instance", "engine", Effect.REPLACES),
    ("aws:rds/instance:Instance", "instanceClass", Effect.IN_PLACE),
    ("aws:rds/instance:Instance", "engineVersion", Effect.IN_PLACE),
    ("aws:rds/instance:Instance", "multiAz", Effect.IN_PLACE),
    ("aws:rds/instance:Instance", "availabilityZone", Effect.MAY_REPLACE),
    ("aws:kms/key:Key", "keyUsage", Effect.REPLACES),
    ("aws:kms/key:Key", "policy", Effect.IN_PLACE),
    ("aws:kms/key:Key", "inventedByTheProvider", Effect.MAY_REPLACE),
    ("aws:eks/cluster:Cluster", "version", Effect.IN_PLACE),
    ("aws:eks/cluster:Cluster", "kubernetesNetworkConfig.serviceIpv4Cidr", Effect.REPLACES),
    ("aws:eks/cluster:Cluster", "kubernetesNetworkConfig.elasticLoadBalancing.enabled", Effect.IN_PLACE),
    ("aws:eks/cluster:Cluster", "kubernetesNetworkConfig", Effect.MAY_REPLACE),
    ("aws:eks/nodeGroup:NodeGroup", "instanceTypes[0]", Effect.REPLACES),
    ("aws:eks/nodeGroup:NodeGroup", "scalingConfig.maxSize", Effect.IN_PLACE),
    ("aws:eks/nodeGroup:NodeGroup", "launchTemplate.version", Effect.IN_PLACE),
    ("aws:eks/nodeGroup:NodeGroup", "launchTemplate.id", Effect.REPLACES),
    ("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", "accessScope.type", Effect.REPLACES),
    ("aws:ec2/launchTemplate:LaunchTemplate", "metadataOptions.httpTokens", Effect.IN_PLACE),
    ("aws:ec2/launchTemplate:LaunchTemplate", "updateDefaultVersion", Effect.IN_PLACE),
    ("aws:autoscaling/tag:Tag", "tag.value", Effect.IN_PLACE),
    ("aws:autoscaling/tag:Tag", "tag.key", Effect.REPLACES),
    ("aws:codebuild/webhook:Webhook", "filterGroups[0].filters[0].pattern", Effect.IN_PLACE),
    ("aws:codebuild/webhook:Webhook", "scopeConfiguration.name", Effect.REPLACES),
    ("aws:iam/role:Role", "namePrefix", Effect.REPLACES),
    ("aws:neverheard/of:It", "anything", Effect.MAY_REPLACE),
]


@pytest.mark.parametrize(("type_", "path", "expected"), EFFECTS, ids=lambda value: str(value))
def test_what_a_change_does(type_: str, path: str, expected: Effect) -> None:
    """In place only where a schema says so; what nobody knows may replace."""
    assert expected is effect(type_, path)


KUBERNETES = [
    ("kubernetes:apps/v1:Deployment", "spec.replicas", Effect.IN_PLACE),
    ("kubernetes:apps/v1:Deployment", "spec.selector.matchLabels.app", Effect.REPLACES),
    ("kubernetes:apps/v1:Deployment", "spec", Effect.MAY_REPLACE),
    ("kubernetes:apps/v1:Deployment", "metadata.namespace", Effect.REPLACES),
    ("kubernetes:batch/v1:Job", "spec.template.spec.containers[0].image", Effect.REPLACES),
    ("kubernetes:karpenter.sh/v1:NodePool", "spec.limits.cpu", Effect.MAY_REPLACE),
    ("kubernetes:karpenter.sh/v1:NodePool", "metadata.name", Effect.REPLACES),
]


@pytest.mark.parametrize(("type_", "path", "expected"), KUBERNETES, ids=lambda value: str(value))
def test_what_a_change_of_an_object_does(type_: str, path: str, expected: Effect) -> None:
    """Kubernetes fixes some fields for the life of an object; kinds that nobody knows may be replaced."""
    assert expected is kubernetes_effect(type_, path)


def test_every_mapped_type_is_one_of_cloudformation() -> None:
    """A row that names a type which does not exist would fail only when somebody changes such a resource."""
    assert [] == [type_ for type_, row in TYPES.items() if row.cfn not in types_of("us-east-1")]


def test_every_mapped_name_exists() -> None:
    """A mistyped name in the table would silently say "may replace"."""
    stray = {
        f"{type_}.{name}"
        for type_, row in TYPES.items()
        for name, property_ in row.names.items()
        if f'"{property_}"' not in json.dumps(schema_of(row.cfn))
    }
    lost = {type_ for type_, row in TYPES.items() if [*row.within] != translate(row, [])}

    assert set() == stray | lost


def test_types_that_hold_data_are_known_to_hold_it() -> None:
    """Every mapped type that cfn-lint calls stateful is in our own table of what would be lost."""
    listed = json.loads((data_folder() / "AdditionalSpecs" / "StatefulResources.json").read_bytes())["ResourceTypes"]
    whole = {type_: row.cfn for type_, row in TYPES.items() if not row.within and "bucket" not in row.replaces}
    on_their_way = {"aws:sqs/queue:Queue"}

    assert on_their_way == {type_ for type_, cfn in whole.items() if cfn in listed and type_ not in STATEFUL}


def test_kinds_that_hold_data_say_what_replaces_them() -> None:
    """A claim is not in the table of stateful types alone."""
    assert "core/v1:PersistentVolumeClaim" in FIXED


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without cfn-lint the message says what to install."""
    monkeypatch.setattr(schemas.importlib.util, "find_spec", lambda name: None)
    data_folder.cache_clear()

    with pytest.raises(UserError, match=r"cfn-lint is not installed; install `stackwright\[plan\]`"):
        data_folder()
