"""What the services of an EKS cluster may do in the account: for their own cluster only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.base import AwsPlace

Statement = dict[str, Any]

OWNER = "elbv2.k8s.aws/cluster"
"""Tag by which the load-balancer controller knows what is its own; the value is the cluster."""

_LOOKS_AT_GROUPS = [
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeTags",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:GetInstanceTypesFromInstanceRequirements",
]
_LOOKS_AT_NETWORKS = [
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeSSLPolicies",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeTrustStores",
]
_CHANGES_ITS_OWN = [
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:ModifyCapacityReservation",
    "elasticloadbalancing:ModifyIpPools",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:SetIpAddressType",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
]
_CHANGES_LISTENERS = [
    "elasticloadbalancing:AddListenerCertificates",
    "elasticloadbalancing:CreateRule",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:DeleteRule",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyRule",
    "elasticloadbalancing:RemoveListenerCertificates",
    "elasticloadbalancing:SetRulePriorities",
]
_TAGS = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]


def autoscaler(place: AwsPlace, cluster: str) -> list[Statement]:
    """Return what the autoscaler may do: see every group, and change the size of those of its cluster.

    EKS tags the groups of managed pools with the cluster. Source: cluster-autoscaler/cloudprovider/aws/README.md in
    kubernetes/autoscaler; `eks:DescribeNodegroup` shows it labels and taints of an empty pool.
    """
    group = f"{_arn(place, 'autoscaling')}:autoScalingGroup:*:autoScalingGroupName/*"
    tags = {
        f"aws:ResourceTag/k8s.io/cluster-autoscaler/{cluster}": "owned",
        "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true",
    }
    return [
        _allow("SeeGroups", _LOOKS_AT_GROUPS, "*"),
        _allow("SeePools", ["eks:DescribeNodegroup"], f"{_arn(place, 'eks')}:nodegroup/{cluster}/*/*"),
        _allow(
            "ChangeSizes",
            ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            group,
            StringEquals=tags,
        ),
    ]


def load_balancer_controller(place: AwsPlace, cluster: str, vpc_id: str) -> list[Statement]:
    """Return what the load-balancer controller may do: the policy that AWS publishes, narrowed.

    Where AWS asks for the tag of any cluster, this asks for the own one; where AWS asks for nothing, this asks for
    the own network, or for the names that the controller gives (`k8s-…`), since listeners and targets are not all
    tagged. Firewalls, Shield, Cognito and the search for certificates are switched off, and not allowed either.
    Source: docs/install/iam_policy.json in kubernetes-sigs/aws-load-balancer-controller, July 2026.
    """
    return [*_seeing(place, vpc_id), *_security_groups(place, cluster, vpc_id), *_load_balancers(place, cluster)]


def volumes(key_arn: str) -> list[Statement]:
    """Return what the storage driver may do with the key of volumes; its other rights are AWS's own policy.

    Source: docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html.
    """
    use = ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext"]
    grants = ["CreateGrant", "ListGrants", "RevokeGrant"]
    return [
        _allow("EncryptVolumes", [f"kms:{action}" for action in (*use, "ReEncryptFrom", "ReEncryptTo")], key_arn),
        _allow(
            "AttachEncryptedVolumes",
            [f"kms:{action}" for action in grants],
            key_arn,
            Bool={"kms:GrantIsForAWSResource": "true"},
        ),
    ]


def _seeing(place: AwsPlace, vpc_id: str) -> list[Statement]:
    service = "elasticloadbalancing.amazonaws.com"
    role = f"arn:{place.partition}:iam::{place.account}:role/aws-service-role/{service}/*"
    return [
        _allow(
            "FirstLoadBalancerOfTheAccount",
            ["iam:CreateServiceLinkedRole"],
            role,
            StringEquals={"iam:AWSServiceName": service},
        ),
        _allow("SeeNetworks", _LOOKS_AT_NETWORKS, "*"),
        _allow("SeeSecurityGroups", ["ec2:GetSecurityGroupsForVpc"], f"{_arn(place, 'ec2')}:vpc/{vpc_id}"),
    ]


def _security_groups(place: AwsPlace, cluster: str, vpc_id: str) -> list[Statement]:
    groups, network = f"{_arn(place, 'ec2')}:security-group/*", f"{_arn(place, 'ec2')}:vpc/{vpc_id}"
    born, own = {f"aws:RequestTag/{OWNER}": cluster}, {f"aws:ResourceTag/{OWNER}": cluster}
    rules = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
    return [
        _allow("OpenNodes", rules, groups, ArnLike={"ec2:Vpc": network}),
        _allow("MakeSecurityGroupsInTheNetwork", ["ec2:CreateSecurityGroup"], network),
        _allow("MakeSecurityGroups", ["ec2:CreateSecurityGroup"], groups, StringEquals=born),
        _allow(
            "TagNewSecurityGroups",
            ["ec2:CreateTags"],
            groups,
            StringEquals={**born, "ec2:CreateAction": "CreateSecurityGroup"},
        ),
        _allow("TagSecurityGroups", ["ec2:CreateTags", "ec2:DeleteTags"], groups, StringEquals=own, Null=_KEEP_OWNER),
        _allow("DeleteSecurityGroups", ["ec2:DeleteSecurityGroup"], groups, StringEquals=own),
    ]


def _load_balancers(place: AwsPlace, cluster: str) -> list[Statement]:
    at = f"{_arn(place, 'elasticloadbalancing')}:"
    balancers, targets = [f"{at}loadbalancer/{kind}/k8s-*/*" for kind in ("app", "net")], f"{at}targetgroup/k8s-*/*"
    listeners = [f"{at}{part}/{kind}/k8s-*/*" for part in ("listener", "listener-rule") for kind in ("app", "net")]
    born, own = {f"aws:RequestTag/{OWNER}": cluster}, {f"aws:ResourceTag/{OWNER}": cluster}
    makes = ["CreateLoadBalancer", "CreateTargetGroup"]
    both = [*balancers, targets]
    return [
        _allow("MakeLoadBalancers", [f"elasticloadbalancing:{action}" for action in makes], both, StringEquals=born),
        _allow(
            "TagNewLoadBalancers",
            ["elasticloadbalancing:AddTags"],
            both,
            StringEquals={**born, "elasticloadbalancing:CreateAction": makes},
        ),
        _allow("TagLoadBalancers", _TAGS, both, StringEquals=own, Null=_KEEP_OWNER),
        _allow("ChangeLoadBalancers", _CHANGES_ITS_OWN, both, StringEquals=own),
        _allow("MakeListeners", ["elasticloadbalancing:CreateListener"], balancers),
        _allow("ChangeListeners", [*_CHANGES_LISTENERS, *_TAGS], listeners),
        _allow(
            "ChangeTargets",
            ["elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:RegisterTargets"],
            targets,
        ),
    ]


_KEEP_OWNER = {f"aws:RequestTag/{OWNER}": "true"}
"""The tag of the owner is not among those that change."""


def _arn(place: AwsPlace, service: str) -> str:
    return f"arn:{place.partition}:{service}:{place.region}:{place.account}"


def _allow(sid: str, actions: list[str], resources: str | list[str], **condition: dict[str, Any]) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement
