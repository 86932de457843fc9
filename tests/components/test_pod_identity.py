"""A role for the pods of one service account, and for nobody else."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pytest

from components.base import Outputs, Spec, Tier
from components.cluster.contract import ClusterOutputs
from components.component import Component
from components.conformance.standins import stand_in
from components.pod_identity import SERVICE, Statements, pod_identity
from pipelines.plan.access import Principal, Request, decide
from tests.harness.recorded import PLACES, Recorded, deploy

READ = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"}
MANAGED = "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"
NEEDED = {
    "aws:RequestTag/eks-cluster-arn": "cluster-identifier",
    "aws:RequestTag/kubernetes-namespace": "serving",
    "aws:RequestTag/kubernetes-service-account": "reader",
}


class Owner(Component[Outputs]):
    """Whose pods they are."""


def identity(statements: Statements = (), policy_arns: Sequence[str] = (), name: str = "reader") -> Recorded:
    """The identity of the pods of `serving/reader`."""

    def program(opts: pulumi.ResourceOptions) -> None:
        cluster = stand_in(ClusterOutputs, "cluster")
        pod_identity(
            Owner("owner", Spec(), opts, cluster),
            name,
            PLACES[Tier.DEV],
            cluster,
            namespace="serving",
            service_account="reader",
            statements=statements,
            policy_arns=policy_arns,
        )

    return deploy(program)


def trusts(context: dict[str, str]) -> bool:
    """Whether the service gets the role for a session with these tags."""
    trust = identity()["Role"].inputs["assumeRolePolicy"]
    asked = [
        Request(action=action, principal=Principal("Service", SERVICE), context=context)
        for action in ("sts:AssumeRole", "sts:TagSession")
    ]
    (decision,) = {decide([trust], request).allowed for request in asked}
    return decision


def test_its_pods_get_the_role() -> None:
    """The service assumes it for the service account, and passes the tags on."""
    assert trusts(NEEDED)


@pytest.mark.parametrize("key", NEEDED)
@pytest.mark.parametrize("other", [None, "another"])
def test_no_other_pods_get_it(key: str, other: str | None) -> None:
    """Another cluster, namespace or service account is refused, and so is a session that does not say."""
    context = {**NEEDED, key: other} if other else {name: value for name, value in NEEDED.items() if name != key}

    assert not trusts(context)


def test_the_association_names_the_pods() -> None:
    """It ties the role to the service account in the cluster."""
    assert {
        "clusterName": "cluster-name",
        "namespace": "serving",
        "serviceAccount": "reader",
        "roleArn": "${aws:iam/role:Role::reader.arn}",
    } == identity()["PodIdentityAssociation"].inputs


@pytest.mark.parametrize("later", [False, True], ids=["known", "known later"])
def test_rights_are_there_before_the_association(later: bool) -> None:
    """Who waits for the association has all rights, those of AWS's own policies too."""

    def statements() -> Statements:
        return pulumi.Output.from_input("x").apply(lambda _: [READ]) if later else [READ]

    def program(opts: pulumi.ResourceOptions) -> None:
        cluster = stand_in(ClusterOutputs, "cluster")
        owner = Owner("owner", Spec(), opts, cluster)
        place, account = PLACES[Tier.DEV], {"namespace": "serving", "service_account": "reader"}
        pod_identity(owner, "reader", place, cluster, statements=statements(), policy_arns=[MANAGED], **account)

    graph = deploy(program)
    policy, attachment = graph["RolePolicy"], graph["RolePolicyAttachment"]

    assert [READ] == json.loads(policy.inputs["policy"])["Statement"]
    assert MANAGED == attachment.inputs["policyArn"]
    assert {policy.urn, attachment.urn} <= set(graph["PodIdentityAssociation"].dependencies)


def test_without_rights_there_is_no_policy() -> None:
    """An empty policy would be refused by AWS."""
    assert {} == identity().all("RolePolicy")


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("reader", "acme-dev-reader-"),
        ("a-name-that-is-longer-than-there-is-room", "acme-dev-a-name-that-is-longer-than-t-"),
        ("a-name-that-is-longer-than-we-have", "acme-dev-a-name-that-is-longer-than-w-"),
        ("twenty-seven-characters-xxx-cut", "acme-dev-twenty-seven-characters-xxx-"),
    ],
)
def test_names_have_room_for_what_makes_them_unique(name: str, prefix: str) -> None:
    """A long name is cut, and no role is called `…--…`."""
    found = identity(name=name)["Role"].inputs["namePrefix"]

    assert (prefix, True) == (found, len(found) <= 38)
