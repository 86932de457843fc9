"""What differs from the defaults of add-ons and charts; every key is held against the chart by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.ingress.contract import TLS_POLICY
from components.node_pools.contract import GPU_PRESENT, POOL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Output

    from components.base import AwsPlace
    from components.cluster.contract import ClusterOutputs
    from components.network.contract import NetworkOutputs

Values = dict[str, Any]

REPLICAS = 2
ONE_AT_A_TIME = {"maxUnavailable": 1}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
}


def coredns(labels: Output[dict[str, str]]) -> Values:
    """Names resolve on two machines at least, and on more as the cluster grows."""
    return {
        "autoScaling": {"enabled": True, "minReplicas": REPLICAS, "maxReplicas": 10},
        "nodeSelector": labels,
        "podDisruptionBudget": ONE_AT_A_TIME,
        "resources": resources("100m", "170Mi"),
        "topologySpreadConstraints": [spread("topology.kubernetes.io/zone", {"k8s-app": "kube-dns"})],
    }


def storage_driver(labels: Output[dict[str, str]]) -> Values:
    """The controller runs on the system pool; the part on each node runs on every node, whatever its taints."""
    return {"controller": {"nodeSelector": labels, "replicaCount": REPLICAS}, "node": {"tolerateAllTaints": True}}


def metrics_server(labels: Output[dict[str, str]]) -> Values:
    """The API server checks its certificate, which ten years of upgrades keep: nothing else would renew it."""
    return {
        **metrics_server_anywhere(),
        "replicas": REPLICAS,
        "podDisruptionBudget": {"enabled": True, **ONE_AT_A_TIME},
        "nodeSelector": labels,
        "topologySpreadConstraints": _two_machines("metrics-server"),
    }


def metrics_server_anywhere() -> Values:
    """Return what holds for the metrics server of every cluster."""
    return {
        "apiService": {"insecureSkipTLSVerify": False},
        "tls": {"type": "helm", "helm": {"lookup": True, "certDurationDays": 3650}},
        "resources": resources("100m", "200Mi"),
    }


def autoscaler(place: AwsPlace, cluster: ClusterOutputs, labels: Output[dict[str, str]]) -> Values:
    """Pools are found by the tags of their groups; of several that fit, the one that leaves the least idle grows."""
    return {
        "autoDiscovery": {"clusterName": cluster.name},
        "awsRegion": place.region,
        "rbac": {"serviceAccount": {"name": "cluster-autoscaler"}},
        "extraArgs": {
            "balance-similar-node-groups": True,
            "expander": "least-waste",
            "ignore-daemonsets-utilization": True,
            "skip-nodes-with-system-pods": False,
        },
        "replicaCount": REPLICAS,
        "podDisruptionBudget": ONE_AT_A_TIME,
        "containerSecurityContext": RESTRICTED,
        "securityContext": {"runAsUser": 65534, "fsGroup": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
        "resources": resources("100m", "600Mi"),
        "nodeSelector": labels,
        "topologySpreadConstraints": _two_machines("aws-cluster-autoscaler", "cluster-autoscaler"),
    }


def load_balancer_controller(
    place: AwsPlace, cluster: ClusterOutputs, network: NetworkOutputs, labels: Output[dict[str, str]]
) -> Values:
    """Only Ingresses of an explicit class get a load balancer, in the group of that class and no other.

    The webhook for Services is off: while the controller is away it would refuse every Service of the cluster. One
    that wants a load balancer says `loadBalancerClass: service.k8s.aws/nlb` itself.
    """
    return {
        "clusterName": cluster.name,
        "region": place.region,
        "vpcId": network.vpc_id,
        "serviceAccount": {"name": "aws-load-balancer-controller"},
        "keepTLSSecret": True,
        "createIngressClassResource": False,
        "ingressClassParams": {"create": False},
        "disableIngressClassAnnotation": True,
        "disableIngressGroupNameAnnotation": True,
        "enableServiceMutatorWebhook": False,
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "defaultTargetType": "ip",
        "defaultSSLPolicy": TLS_POLICY,
        "replicaCount": REPLICAS,
        "podDisruptionBudget": ONE_AT_A_TIME,
        "securityContext": RESTRICTED,
        "podSecurityContext": {"fsGroup": 65534, "seccompProfile": {"type": "RuntimeDefault"}},
        "resources": resources("100m", "256Mi"),
        "nodeSelector": labels,
        "topologySpreadConstraints": _two_machines("aws-load-balancer-controller"),
    }


def device_plugin(pools_with_own_plugin: Sequence[str]) -> Values:
    """It runs on every machine with GPUs, whatever its taints, unless the machine's image has a plugin of its own."""
    gpus = {"key": GPU_PRESENT, "operator": "In", "values": ["true"]}
    others = {"key": POOL, "operator": "NotIn", "values": list(pools_with_own_plugin)}
    required = {"nodeSelectorTerms": [{"matchExpressions": [gpus, others] if pools_with_own_plugin else [gpus]}]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
        "tolerations": [{"operator": "Exists"}],
        "resources": resources("50m", "128Mi"),
    }


def resources(cpu: str, memory: str) -> Values:
    """Return requests and limits: memory is never more than was asked for, processor time may be."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}


def _two_machines(name: str, instance: str | None = None) -> list[Values]:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": instance or name}
    return [
        spread("kubernetes.io/hostname", labels, required=True),
        spread("topology.kubernetes.io/zone", labels),
    ]


def spread(key: str, labels: dict[str, str], *, required: bool = False) -> Values:
    """Return the wish, or the rule, that pods with some labels are on different machines or in different zones."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule" if required else "ScheduleAnyway",
        "labelSelector": {"matchLabels": labels},
    }
