"""Every policy finds what it is for, and nothing else; ours break none."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from components import conformance
from components.base import Tier
from components.catalogue import AnySpec, flavor_of, flavors, kind_of
from components.conformance.standins import STAND_IN
from pipelines.plan.graph import Graph
from pipelines.plan.policy.actions import can_be_limited
from pipelines.plan.policy.base import Example, Policy, sketch
from pipelines.plan.policy.catalogue import POLICIES, judge
from pipelines.plan.record import graph_of

FIRES = [(policy, example) for policy in POLICIES for example in policy.fires]
HOLDS = [(policy, example) for policy in POLICIES for example in policy.holds]


def named(pairs: list[tuple[Policy, Example]]) -> list[str]:
    """Return a name for each pair."""
    return [f"{policy.id}-{index}" for index, (policy, _) in enumerate(pairs)]


@pytest.mark.parametrize(("policy", "example"), FIRES, ids=named(FIRES))
def test_a_policy_finds_its_bad_examples(policy: Policy, example: Example) -> None:
    """What is wrong is said in lower case, with what to do after a semicolon."""
    found = [message for _, message in policy.check(sketch(example))]

    assert found
    assert [] == [message for message in found if ";" not in message and policy.id != "aws-values"]


@pytest.mark.parametrize(("policy", "example"), HOLDS, ids=named(HOLDS))
def test_a_policy_leaves_its_good_examples_alone(policy: Policy, example: Example) -> None:
    """The other half of a rule is what it does not forbid."""
    assert [] == list(policy.check(sketch(example)))


def test_every_policy_can_be_understood_and_traced() -> None:
    """Each has an id of its own, a reason, a source and examples of both kinds."""
    ids = [policy.id for policy in POLICIES]
    whole = [policy for policy in POLICIES if policy.reason.endswith(".") and policy.source]

    assert sorted(set(ids)) == sorted(ids)
    assert [] == [id_ for id_ in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", id_)]
    assert ids == [policy.id for policy in whole if policy.fires and policy.holds]


def built(spec: AnySpec, tier: Tier) -> list[Graph]:
    """Return the graphs of a flavor's examples; what stands in for its needs has a provider, too."""
    graphs: list[Graph] = []
    for case in conformance.cases(spec):
        resources = case.built(tier).resources
        aws = next(one.urn for one in resources if one.type == "pulumi:providers:aws")
        given = [replace(one, provider=f"{aws}::id") if one.type == STAND_IN else one for one in resources]
        graphs.append(graph_of(given, project="stackwright", stack=tier.value))
    return graphs


@pytest.mark.parametrize("tier", [Tier.DEV, Tier.PROD], ids=lambda tier: tier.value)
@pytest.mark.parametrize("spec", flavors(), ids=lambda spec: f"{kind_of(spec)}-{flavor_of(spec)}")
def test_no_flavor_of_ours_breaks_a_policy(spec: AnySpec, tier: Tier) -> None:
    """What we provision needs no suppression."""
    found = [one for graph in built(spec, tier) for one in judge(graph).findings]

    assert [] == [f"{one.policy}: {one.resource}: {one.message}" for one in found]


PARTS = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "s3-private",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": "s3-own-key",
    "aws:s3/bucketPolicy:BucketPolicy": "s3-tls-only",
    "aws:s3/bucketVersioning:BucketVersioning": "s3-versioned",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": "s3-no-acls",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "network-default-group-closed",
    "aws:ec2/flowLog:FlowLog": "network-recorded",
}


@pytest.mark.parametrize(("missing", "expected"), PARTS.items(), ids=list(PARTS.values()))
def test_leaving_out_a_part_of_a_real_component_is_found(missing: str, expected: str) -> None:
    """The policies judge what our components register, not only sketches."""
    kinds = ("artifact_store", "s3") if missing.startswith("aws:s3/") else ("network", "vpc")
    spec = next(one for one in flavors() if (kind_of(one), flavor_of(one)) == kinds)
    whole = built(spec, Tier.PROD)[0]
    left = tuple(one for one in whole.resources if one.type != missing)

    assert {expected} == {one.policy for one in judge(Graph(project="p", stack="s", resources=left)).findings}


SETTINGS: list[tuple[tuple[str, str], str, dict[str, Any], str]] = [
    (("database", "rds_postgres"), "aws:rds/instance:Instance", {"publiclyAccessible": True}, "rds-private"),
    (("database", "rds_postgres"), "aws:rds/instance:Instance", {"storageEncrypted": False}, "rds-own-key"),
    (("database", "rds_postgres"), "aws:rds/instance:Instance", {"backupRetentionPeriod": 1}, "rds-backups"),
    (("database", "rds_postgres"), "aws:rds/instance:Instance", {"maxAllocatedStorage": "big"}, "aws-values"),
    (("database", "rds_postgres"), "aws:rds/parameterGroup:ParameterGroup", {"parameters": []}, "rds-tls-only"),
    (
        ("container_registry", "ecr"),
        "aws:ecr/repository:Repository",
        {"imageTagMutability": "MUTABLE"},
        "ecr-immutable",
    ),
    (("alerts", "sns"), "aws:sns/topic:Topic", {"kmsMasterKeyId": None}, "messages-own-key"),
    (("alerts", "sns"), "aws:kms/key:Key", {"enableKeyRotation": False}, "kms-rotates"),
    (("alerts", "sns"), "aws:sns/topicPolicy:TopicPolicy", {"policy": {"secret": True}}, "iam-readable"),
    (("network", "vpc"), "aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": None}, "logs-retention"),
]


@pytest.mark.parametrize(("kinds", "type_", "inputs", "expected"), SETTINGS, ids=lambda value: str(value)[:40])
def test_a_worse_setting_of_a_real_component_is_found(
    kinds: tuple[str, str], type_: str, inputs: dict[str, Any], expected: str
) -> None:
    """Each setting that the components choose is watched by the policy that is for it."""
    spec = next(one for one in flavors() if (kind_of(one), flavor_of(one)) == kinds)
    graph = built(spec, Tier.PROD)[0]
    worse = tuple(
        one.model_copy(update={"inputs": {**one.inputs, **inputs}}) if one.type == type_ else one
        for one in graph.resources
    )

    assert expected in {one.policy for one in judge(Graph(project="p", stack="s", resources=worse)).findings}


LIMITS = [
    ("s3:GetObject", True),
    ("s3:ListAllMyBuckets", False),
    ("ec2:Describe*", False),
    ("eks:Describe*", True),
    ("ecr:GetAuthorizationToken", False),
    ("kms:GenerateDataKey*", True),
    ("neverheard:Of", True),
]


@pytest.mark.parametrize(("action", "expected"), LIMITS)
def test_which_actions_can_be_limited(action: str, *, expected: bool) -> None:
    """The table says it; what it does not know can be limited."""
    assert expected is can_be_limited(action)
