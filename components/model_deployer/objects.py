"""What the objects and rights of a project's namespace say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi import Output
from pulumi_kubernetes import core, meta, networking, rbac

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Input

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.model_deployer.contract import Quota

_CHANGE = ("create", "delete", "get", "list", "patch", "update", "watch")
_READ = ("get", "list", "watch")


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> rbac.v1.PolicyRuleArgs:
    return rbac.v1.PolicyRuleArgs(api_groups=[group], resources=[*resources], verbs=[*verbs])


DEPLOYS = (
    _rule("", ["configmaps", "services"], _CHANGE),
    _rule("apps", ["deployments"], _CHANGE),
    _rule("autoscaling", ["horizontalpodautoscalers"], _CHANGE),
    _rule("networking.k8s.io", ["ingresses"], _CHANGE),
    _rule("policy", ["poddisruptionbudgets"], _CHANGE),
    _rule("", ["events", "pods", "pods/log"], _READ),
    _rule("apps", ["replicasets"], _READ),
)
"""What the jobs that deploy may do in the namespace: no secrets, no service accounts, no shell in a pod."""

DEFAULTS = core.v1.LimitRangeItemArgs(
    type="Container", default={"memory": "1Gi"}, default_request={"cpu": "250m", "memory": "512Mi"}
)
"""What a container gets that says nothing; without requests the quota would refuse it."""

_POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where pods get their credentials, on their own node
(docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html)."""

_LINK_LOCAL = "169.254.0.0/16"


def hard(quota: Quota) -> dict[str, str]:
    """Return the hard limits of a quota; services that would get an address of their own are none."""
    return {
        "requests.cpu": str(quota.cpu),
        "requests.memory": f"{quota.memory_gib}Gi",
        "limits.memory": f"{quota.memory_gib}Gi",
        "requests.nvidia.com/gpu": str(quota.gpus),
        "requests.storage": f"{quota.storage_gib}Gi",
        "pods": str(quota.pods),
        "services.loadbalancers": "0",
        "services.nodeports": "0",
    }


def network_policies(cidr: Output[str], port: int) -> dict[str, networking.v1.NetworkPolicySpecArgs]:
    """Return what pods of the namespace reach and are reached from, by the names of the policies.

    The load balancer sends from addresses of the network. So may every pod of the cluster, as far as its own policy
    lets it out: pods of other projects get out by DNS and HTTPS only.
    """
    outside = networking.v1.IPBlockArgs(cidr="0.0.0.0/0", except_=[_LINK_LOCAL])
    return {
        "deny": _policy(policy_types=["Ingress", "Egress"]),
        "from-ingress": _policy(
            policy_types=["Ingress"],
            ingress=[networking.v1.NetworkPolicyIngressRuleArgs(from_=[_addresses(cidr)], ports=[_port(port)])],
        ),
        "to-dns": _policy(
            policy_types=["Egress"],
            egress=[networking.v1.NetworkPolicyEgressRuleArgs(to=[_resolver()], ports=[_port(53), _port(53, "UDP")])],
        ),
        "to-https": _outward(networking.v1.NetworkPolicyPeerArgs(ip_block=outside), 443),
        "to-identity": _outward(_addresses(_POD_IDENTITY_AGENT), 80),
    }


def _policy(**spec: Any) -> networking.v1.NetworkPolicySpecArgs:
    return networking.v1.NetworkPolicySpecArgs(pod_selector=meta.v1.LabelSelectorArgs(), **spec)


def _outward(peer: networking.v1.NetworkPolicyPeerArgs, port: int) -> networking.v1.NetworkPolicySpecArgs:
    rule = networking.v1.NetworkPolicyEgressRuleArgs(to=[peer], ports=[_port(port)])
    return _policy(policy_types=["Egress"], egress=[rule])


def _addresses(cidr: Input[str]) -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(ip_block=networking.v1.IPBlockArgs(cidr=cidr))


def _resolver() -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(
        namespace_selector=meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": "kube-system"}),
        pod_selector=meta.v1.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
    )


def _port(port: int, protocol: str = "TCP") -> networking.v1.NetworkPolicyPortArgs:
    return networking.v1.NetworkPolicyPortArgs(port=port, protocol=protocol)


def serving_rights(project: str, partition: str, store: ArtifactStoreOutputs) -> list[dict[str, Any]]:
    """Return what served models may do: read the packages of their project, and add to its prediction log."""
    home = store.uri.apply(lambda uri: f"{uri.removeprefix('s3://')}/{project}")
    bucket = home.apply(lambda path: f"arn:{partition}:s3:::{path.partition('/')[0]}")
    listed = home.apply(lambda path: f"{path.partition('/')[2]}/models/*")
    packages, log = (Output.concat(f"arn:{partition}:s3:::", home, f"/{part}/*") for part in ("models", "predictions"))
    return [
        _allow("ReadPackages", ["s3:GetObject", "kms:Decrypt"], _with_key(packages, store)),
        _allow("ListPackages", ["s3:ListBucket"], bucket) | {"Condition": {"StringLike": {"s3:prefix": listed}}},
        _allow("LogPredictions", ["s3:PutObject", "kms:GenerateDataKey"], _with_key(log, store)),
    ]


def _allow(sid: str, actions: list[str], resource: object) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _with_key(objects: Output[str], store: ArtifactStoreOutputs) -> Output[list[str]]:
    """Return objects and the key that encrypts them, if there is one; actions of S3 mean nothing on a key."""
    return Output.all(objects, store.encryption_key).apply(lambda found: [arn for arn in found if arn])
