"""What roles may do: no more than they need."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.plan.graph import Graph
from pipelines.plan.policy.actions import can_be_limited
from pipelines.plan.policy.base import Example, Flaw, Policy
from pipelines.plan.policy.documents import IDENTITY, RESOURCE, TRUST, documents, statements

ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

_LIMITS = re.compile(
    r"resourcetag/|aws:(resourceaccount|requesttag/)|kms:(viaservice|encryptioncontext)|ec2:createaction"
)
"""Condition keys that limit what `*` means."""

_ADMINISTRATORS = re.compile(r":policy/(AdministratorAccess|PowerUserAccess|IAMFullAccess)$")


def _whole_services(graph: Graph) -> Iterator[Flaw]:
    for resource, statement in statements(graph, IDENTITY):
        wide = [action for action in statement.actions if action == "*" or action.endswith(":*")]
        if statement.allows and wide:
            yield resource, f"{statement.label}: allows {_list(wide)}; list the actions that are needed"


def _inversions(graph: Graph) -> Iterator[Flaw]:
    for resource, statement in statements(graph, IDENTITY, RESOURCE):
        if statement.allows and (statement.not_actions or statement.not_resources or statement.excludes_principals):
            yield resource, f"{statement.label}: allows all but a list; list what is allowed"


def _every_resource(graph: Graph) -> Iterator[Flaw]:
    for resource, statement in statements(graph, IDENTITY):
        if not statement.allows or "*" not in statement.resources or any(map(_LIMITS.search, statement.condition_keys)):
            continue
        wide = [action for action in statement.actions if can_be_limited(action)]
        if wide:
            yield resource, f"{statement.label}: allows {_list(wide)} on every resource; name the resources"


def _pass_role(graph: Graph) -> Iterator[Flaw]:
    for resource, statement in statements(graph, IDENTITY):
        passes = any(action.lower() in {"iam:passrole", "iam:*", "*"} for action in statement.actions)
        if statement.allows and passes and "iam:passedtoservice" not in statement.condition_keys:
            yield (
                resource,
                f"{statement.label}: may hand roles to any service; add a condition on `iam:PassedToService`",
            )


def _administrators(graph: Graph) -> Iterator[Flaw]:
    for attachment in graph.of_type(ATTACHMENT):
        if _ADMINISTRATORS.search(str(attachment.inputs.get("policyArn"))):
            yield attachment, f"attaches `{attachment.inputs['policyArn']}`; write a policy with what is needed"


def _unreadable(graph: Graph) -> Iterator[Flaw]:
    for resource, document in documents(graph, IDENTITY, TRUST, RESOURCE):
        if document is None:
            yield resource, "its policy cannot be read here; build it from plain values, without secrets"


def _list(actions: list[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions)


def _role_policy(**statement: Any) -> Example:
    whole = {"Effect": "Allow", "Resource": "*", **statement}
    return {"aws:iam/rolePolicy:RolePolicy work": {"policy": {"Statement": [whole]}}}


_OBJECTS = "arn:aws:s3:::acme-data/*"

POLICIES = (
    Policy(
        id="iam-no-whole-service",
        reason="`service:*` grants deletion and policy changes too, and every action that AWS adds later.",
        source="AWS Security Hub, IAM controls IAM.1, IAM.21",
        check=_whole_services,
        fires=[_role_policy(Action="s3:*", Resource=_OBJECTS), _role_policy(Action=["s3:GetObject", "*"])],
        holds=[_role_policy(Action="s3:GetObject", Resource=_OBJECTS), _role_policy(Action="s3:*", Effect="Deny")],
    ),
    Policy(
        id="iam-no-inversion",
        reason="An allowed `NotAction`, `NotResource` or `NotPrincipal` grants everything that nobody thought of.",
        source="AWS IAM User Guide, IAM JSON policy elements: NotAction, NotPrincipal",
        check=_inversions,
        fires=[_role_policy(NotAction="iam:*"), _role_policy(Action="s3:GetObject", NotResource=_OBJECTS)],
        holds=[_role_policy(NotAction="s3:GetObject", Effect="Deny")],
    ),
    Policy(
        id="iam-named-resources",
        reason="A right on `*` reaches what belongs to other projects, and what will be made later.",
        source="AWS IAM User Guide, security best practices: apply least-privilege permissions",
        check=_every_resource,
        fires=[_role_policy(Action=["s3:GetObject", "ec2:Describe*"]), _role_policy(Action="eks:DescribeCluster")],
        holds=[
            _role_policy(Action=["ecr:GetAuthorizationToken", "ec2:Describe*"]),
            _role_policy(Action="s3:GetObject", Resource=_OBJECTS),
            _role_policy(
                Action="autoscaling:SetDesiredCapacity",
                Condition={"StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/acme-dev": "owned"}},
            ),
        ],
    ),
    Policy(
        id="iam-pass-role",
        reason="Who may hand any role to any service can act as the strongest role of the account.",
        source="AWS IAM User Guide, grant a user permissions to pass a role to an AWS service",
        check=_pass_role,
        fires=[_role_policy(Action="iam:PassRole", Resource="arn:aws:iam::111122223333:role/work")],
        holds=[
            _role_policy(
                Action="iam:PassRole",
                Resource="arn:aws:iam::111122223333:role/work",
                Condition={"StringEquals": {"iam:PassedToService": "eks.amazonaws.com"}},
            )
        ],
    ),
    Policy(
        id="iam-no-administrator",
        reason="A role of the platform that may do everything turns one leaked token into the loss of the account.",
        source="AWS Security Hub, IAM controls IAM.1, IAM.18",
        check=_administrators,
        fires=[{f"{ATTACHMENT} work": {"role": "work", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}}],
        holds=[{f"{ATTACHMENT} work": {"role": "work", "policyArn": "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"}}],
    ),
    Policy(
        id="iam-readable",
        reason="A policy that cannot be read before it is applied cannot be reviewed either.",
        source="Stackwright",
        check=_unreadable,
        fires=[{"aws:iam/rolePolicy:RolePolicy work": {"policy": {"secret": True}}}],
        holds=[_role_policy(Action="s3:GetObject", Resource=_OBJECTS)],
    ),
)
