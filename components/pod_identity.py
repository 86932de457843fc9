"""The AWS identity of the pods of one service account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pulumi import Output
from pulumi_aws import eks, iam

if TYPE_CHECKING:
    from components.base import AwsPlace, OutputsT
    from components.cluster.contract import ClusterOutputs
    from components.component import Component

Statements = Output[list[dict[str, Any]]] | Sequence[Mapping[str, Any]]
"""Statements of a policy, as soon as their values are known."""

SERVICE = "pods.eks.amazonaws.com"


def pod_identity(
    owner: Component[OutputsT],
    name: str,
    place: AwsPlace,
    cluster: ClusterOutputs,
    *,
    namespace: str,
    service_account: str,
    statements: Statements = (),
    policy_arns: Sequence[str] = (),
) -> tuple[iam.Role, eks.PodIdentityAssociation]:
    """Make a role that only the pods of one service account of one cluster get, as children of a component.

    Pods get credentials when they are admitted: whoever runs them has to wait for the association
    (`owner.child_with(depends_on=[association])`), which itself waits for the rights.

    Args:
        owner: The component whose pods they are.
        name: Logical name of the role, its policy and the association.
        place: The account of the role.
        cluster: Where the pods run.
        namespace: Their namespace.
        service_account: Their service account.
        statements: What they may do; the values in them, or all of them, may be outputs.
        policy_arns: Policies that are managed elsewhere, of AWS or the account.
    """
    role = iam.Role(
        name,
        name_prefix=place.role_prefix(name),
        description=f"{namespace}/{service_account} of {place.environment}",
        assume_role_policy=cluster.identifier.apply(lambda arn: _trust(arn, namespace, service_account)),
        opts=owner.child,
    )
    association = eks.PodIdentityAssociation(
        name,
        cluster_name=cluster.name,
        namespace=namespace,
        service_account=service_account,
        role_arn=role.arn,
        opts=owner.child_with(depends_on=_rights(owner, name, role, statements, policy_arns)),
    )
    return role, association


def _rights(
    owner: Component[OutputsT],
    name: str,
    role: iam.Role,
    statements: Statements,
    policy_arns: Sequence[str],
) -> list[iam.RolePolicy | iam.RolePolicyAttachment]:
    attached: list[iam.RolePolicy | iam.RolePolicyAttachment] = [
        iam.RolePolicyAttachment(f"{name}-{arn.rpartition('/')[2]}", role=role.name, policy_arn=arn, opts=owner.child)
        for arn in policy_arns
    ]
    if isinstance(statements, Output) or statements:
        policy = Output.json_dumps({"Version": "2012-10-17", "Statement": statements})
        attached.append(iam.RolePolicy(name, role=role.name, policy=policy, opts=owner.child))
    return attached


def _trust(cluster_arn: str, namespace: str, service_account: str) -> str:
    """Trust the service for the pods of one service account: by the tags that it adds to every session.

    Source: docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html, and pod-id-abac.html for the tags.
    """
    expected = {
        "aws:RequestTag/eks-cluster-arn": cluster_arn,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": service_account,
    }
    statement = {
        "Sid": "PodsOfTheServiceAccount",
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": expected},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
