"""The most that anybody of an environment may do: whoever applies it, and every role that is made for it.

The role that applies has it twice: as its rights, and as its boundary. What is not here is denied: users, groups and
access keys of IAM, policies of the customer's own, services that the platform does not use, the organization, the bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from components.base import AwsPlace

SERVICES: Mapping[str, Sequence[str]] = {
    "acm": ("Describe*", "List*"),
    "autoscaling": ("Describe*",),
    "budgets": ("View*", "List*"),
    "cloudwatch": ("Describe*", "List*"),
    "codebuild": ("BatchGet*", "List*"),
    "codeconnections": ("Get*", "List*"),
    "ec2": ("Describe*", "Get*"),
    "ecr": ("Describe*", "GetLifecyclePolicy", "GetRepositoryPolicy", "List*"),
    "eks": ("Describe*", "List*"),
    "eks-auth": (),
    "elasticloadbalancing": ("Describe*",),
    "kms": ("Describe*", "Get*", "List*"),
    "logs": ("Describe*", "List*"),
    "rds": ("Describe*", "List*"),
    "route53": ("Get*", "List*"),
    "s3": ("GetBucket*", "GetEncryptionConfiguration", "GetLifecycleConfiguration", "List*"),
    "secretsmanager": ("Describe*", "GetResourcePolicy", "List*"),
    "shield": ("Describe*", "Get*"),
    "sns": ("Get*", "List*"),
    "ssm": ("Describe*", "List*"),
    "ssmmessages": (),
    "ec2messages": (),
    "sqs": ("GetQueue*", "List*"),
    "sts": ("GetCallerIdentity",),
    "wafv2": ("Get*", "List*"),
}
"""Service, as IAM calls it -> what of it looks at settings, never at data. They are those that the components of the
`aws` shape build with, and those that the policies of their roles name; a flavor of your own may add one."""

GLOBAL = ("budgets:*", "iam:*", "route53:*", "s3:ListAllMyBuckets", "shield:*", "sts:*")
"""What has no region, or one only."""

BOUNDED = ("AttachRolePolicy", "CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy")
"""What gives a role rights; AWS tells the boundary of the role with each."""
OWN = (
    "AddRoleToInstanceProfile",
    "CreateInstanceProfile",
    "DeleteInstanceProfile",
    "DeleteRole",
    "PassRole",
    "RemoveRoleFromInstanceProfile",
    "TagInstanceProfile",
    "TagRole",
    "UntagInstanceProfile",
    "UntagRole",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
)
"""What else is done to roles."""
CHANGES = ("Add", "Attach", "Create", "Delete", "Detach", "Pass", "Put", "Set", "Update")
"""How actions of IAM begin that change something."""
UNDOING_BUCKET = (
    "DeleteBucket",
    "DeleteBucketPolicy",
    "DeleteObjectVersion",
    "PutBucketAcl",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketPublicAccessBlock",
    "PutBucketVersioning",
    "PutEncryptionConfiguration",
    "PutLifecycleConfiguration",
)
UNDOING_KEY = ("DisableKey", "DisableKeyRotation", "PutKeyPolicy", "ScheduleKeyDeletion")


def boundary(place: AwsPlace, state_key: object) -> dict[str, Any]:
    """Return the policy.

    Args:
        place: The environment.
        state_key: ARN of the key of its state, or what gives it.
    """
    own, bucket = [f"{iam(place)}:role/{name}" for name in roles(place)], _bucket(place)
    bound = {"StringEquals": {"iam:PermissionsBoundary": place.boundary_arn}}
    here = {"StringNotEquals": {"aws:RequestedRegion": place.region}}
    kept = [place.boundary_arn, *(f"{iam(place)}:role/{place.prefix}-{role}" for role in ("apply", "preview"))]
    everywhere = ["*"]
    statements = [
        _said("Allow", "UseServices", _of_services(), everywhere),
        _said("Allow", "LookAtIdentities", ["iam:Get*", "iam:List*"], everywhere),
        {**_said("Allow", "MakeBoundedRoles", _of("iam", BOUNDED), own), "Condition": bound},
        _said("Allow", "CareForOwnRoles", _of("iam", OWN), [*own, f"{iam(place)}:instance-profile/*"]),
        _said(
            "Allow", "LetServicesMakeTheirs", ["iam:CreateServiceLinkedRole"], [f"{iam(place)}:role/aws-service-role/*"]
        ),
        _said("Deny", "KeepWhatBounds", [f"iam:{word}*" for word in CHANGES], kept),
        _said("Deny", "KeepState", _of("s3", UNDOING_BUCKET), [bucket, f"{bucket}/*"]),
        _said("Deny", "KeepStateKey", _of("kms", UNDOING_KEY), [state_key]),
        {"Sid": "StayInRegion", "Effect": "Deny", "NotAction": [*GLOBAL], "Resource": everywhere, "Condition": here},
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def preview_rights(place: AwsPlace, state_key: object) -> dict[str, Any]:
    """Return what a preview needs: to look at every setting, to read the state, and to lock it."""
    bucket = _bucket(place)
    looks = [f"{service}:{action}" for service, actions in SERVICES.items() for action in actions]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _said("Allow", "LookAtSettings", [*looks, "iam:Get*", "iam:List*"], ["*"]),
            _said("Allow", "ReadState", ["s3:GetObject"], [f"{bucket}/*"]),
            _said("Allow", "LockState", ["s3:DeleteObject", "s3:PutObject"], [f"{bucket}/.pulumi/locks/*"]),
            _said("Allow", "OpenState", ["kms:Decrypt", "kms:GenerateDataKey"], [state_key]),
        ],
    }


def roles(place: AwsPlace) -> tuple[str, ...]:
    """Return the names of the roles that an environment makes."""
    return (f"{place.prefix}-*",)


def state_bucket(place: AwsPlace) -> str:
    """Return the name of the bucket of an environment's state."""
    return f"{place.prefix}-state-{place.account}"


def iam(place: AwsPlace) -> str:
    """Return the beginning of an identity's ARN."""
    return f"arn:{place.partition}:iam::{place.account}"


def _bucket(place: AwsPlace) -> str:
    return f"arn:{place.partition}:s3:::{state_bucket(place)}"


def _of_services() -> list[str]:
    return [f"{service}:*" for service in sorted(SERVICES)]


def _of(service: str, actions: Sequence[str]) -> list[str]:
    return [f"{service}:{action}" for action in actions]


def _said(effect: str, sid: str, actions: Sequence[str], resources: Sequence[object]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": effect, "Action": [*actions], "Resource": [*resources]}
