"""What the objects of a project's namespace say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pulumi_kubernetes import core, meta, networking, rbac

from components.model_deployer.contract import PROJECT_LABEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Input, Output

    from components.model_deployer.contract import Quota

Policies = dict[str, networking.v1.NetworkPolicySpecArgs]
"""Network policies by their names."""

_CHANGE = ("create", "delete", "get", "list", "patch", "update", "watch")
_READ = ("get", "list", "watch")


def rule(group: str, resources: Sequence[str], verbs: Sequence[str]) -> rbac.v1.PolicyRuleArgs:
    """Return the right to do something with objects of a group."""
    return rbac.v1.PolicyRuleArgs(api_groups=[group], resources=[*resources], verbs=[*verbs])


def deploys(*, gateway: bool) -> list[rbac.v1.PolicyRuleArgs]:
    """Return what the jobs that deploy may do in the namespace: no secrets, no service accounts, no shell in a pod."""
    routes = ("gateway.networking.k8s.io", ["httproutes"]) if gateway else ("networking.k8s.io", ["ingresses"])
    return [
        rule("", ["configmaps", "services"], _CHANGE),
        rule("apps", ["deployments"], _CHANGE),
        rule("autoscaling", ["horizontalpodautoscalers"], _CHANGE),
        rule("batch", ["jobs"], _CHANGE),
        rule(*routes, _CHANGE),
        rule("policy", ["poddisruptionbudgets"], _CHANGE),
        rule("", ["events", "pods", "pods/log"], _READ),
        rule("apps", ["replicasets"], _READ),
    ]


DEFAULTS = core.v1.LimitRangeItemArgs(
    type="Container", default={"memory": "1Gi"}, default_request={"cpu": "250m", "memory": "512Mi"}
)
"""What a container gets that says nothing; without requests the quota would refuse it."""

_POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where pods get their credentials, on their own node
(docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html)."""

_LINK_LOCAL = "169.254.0.0/16"

TLS_PORTS = (443, 8443, 10443)
"""Where pods behind port 443 of a gateway or an ingress listen: policies see a connection after it was translated."""


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


def everywhere() -> Policies:
    """Return what pods reach in every cluster, by the names of the policies; all that is not named is closed."""
    return {
        "deny": _policy(policy_types=["Ingress", "Egress"]),
        "to-dns": _outward(_resolver(), _port(53), _port(53, "UDP")),
        "to-https": _outward(_outside(), _port(443)),
    }


def in_network(port: int, cidr: Output[str]) -> Policies:
    """Return what passes in a network of AWS: requests, and what pods ask for credentials.

    The load balancer sends from addresses of the network. So may every pod of the cluster, as far as its own policy
    lets it out: pods of other projects get out by DNS and HTTPS only.
    """
    return {
        "from-ingress": _inward(_addresses(cidr), port),
        "to-identity": _outward(_addresses(_POD_IDENTITY_AGENT), _port(80)),
    }


def in_cluster(port: int, store: Output[str | None]) -> Policies:
    """Return what passes where there is no cloud: requests of the platform's pods, and what asks the artifact store.

    Who leads requests to models, and who measures them, has pods in a namespace that is no project's.

    Args:
        port: Where served models listen.
        store: Address of the artifact store for pods; none where it is Amazon's, by HTTPS.
    """
    asks = store.apply(lambda address: to_store(address) if address else [])
    return {
        "from-ingress": _inward(_platform(), port),
        "to-store": _policy(policy_types=["Egress"], egress=asks),
    }


def to_store(address: str) -> list[networking.v1.NetworkPolicyEgressRuleArgs]:
    """Return how pods reach an artifact store: in a namespace of the cluster, or at a port of a machine or gateway.

    Policies see a connection after it was translated: what is port 443 outside is another one in the gateway's pods.
    """
    found = urlsplit(address)
    name, _, rest = (found.hostname or "").partition(".")
    namespace, _, kind = rest.partition(".")
    if name and kind in {"svc", "svc.cluster.local"}:
        return [networking.v1.NetworkPolicyEgressRuleArgs(to=[_namespace(namespace)])]
    port = found.port or (443 if found.scheme == "https" else 80)
    ports = [_port(each) for each in (TLS_PORTS if port == 443 else (port,))]
    return [networking.v1.NetworkPolicyEgressRuleArgs(to=[_platform(), _outside()], ports=ports)]


def _inward(peer: networking.v1.NetworkPolicyPeerArgs, port: int) -> networking.v1.NetworkPolicySpecArgs:
    reached = networking.v1.NetworkPolicyIngressRuleArgs(from_=[peer], ports=[_port(port)])
    return _policy(policy_types=["Ingress"], ingress=[reached])


def _policy(**spec: Any) -> networking.v1.NetworkPolicySpecArgs:
    return networking.v1.NetworkPolicySpecArgs(pod_selector=meta.v1.LabelSelectorArgs(), **spec)


def _outward(
    peer: networking.v1.NetworkPolicyPeerArgs, *ports: networking.v1.NetworkPolicyPortArgs
) -> networking.v1.NetworkPolicySpecArgs:
    reached = networking.v1.NetworkPolicyEgressRuleArgs(to=[peer], ports=[*ports])
    return _policy(policy_types=["Egress"], egress=[reached])


def _addresses(cidr: Input[str]) -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(ip_block=networking.v1.IPBlockArgs(cidr=cidr))


def _outside() -> networking.v1.NetworkPolicyPeerArgs:
    """Return every address but those of machines about themselves."""
    block = networking.v1.IPBlockArgs(cidr="0.0.0.0/0", except_=[_LINK_LOCAL])
    return networking.v1.NetworkPolicyPeerArgs(ip_block=block)


def _platform() -> networking.v1.NetworkPolicyPeerArgs:
    ours = meta.v1.LabelSelectorRequirementArgs(key=PROJECT_LABEL, operator="DoesNotExist")
    return networking.v1.NetworkPolicyPeerArgs(namespace_selector=meta.v1.LabelSelectorArgs(match_expressions=[ours]))


def _namespace(name: str) -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(
        namespace_selector=meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": name})
    )


def _resolver() -> networking.v1.NetworkPolicyPeerArgs:
    return networking.v1.NetworkPolicyPeerArgs(
        namespace_selector=meta.v1.LabelSelectorArgs(match_labels={"kubernetes.io/metadata.name": "kube-system"}),
        pod_selector=meta.v1.LabelSelectorArgs(match_labels={"k8s-app": "kube-dns"}),
    )


def _port(port: int, protocol: str = "TCP") -> networking.v1.NetworkPolicyPortArgs:
    return networking.v1.NetworkPolicyPortArgs(port=port, protocol=protocol)
