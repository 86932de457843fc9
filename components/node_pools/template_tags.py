"""What the autoscaler has to know of a pool that has no machines: the tags of its Auto Scaling group.

Labels, taints and tags of a managed node group do not reach its Auto Scaling group (aws/containers-roadmap#724), so
without these a pool never leaves zero (kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws/README.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.node_pools.contract import EksManagedSpec

ENABLED = "k8s.io/cluster-autoscaler/enabled"
_TEMPLATE = "k8s.io/cluster-autoscaler/node-template"


def template_tags(spec: EksManagedSpec, pool: str) -> Mapping[str, str]:
    """Return what a node of a pool would be like, tag by tag, from the values that the nodes get."""
    resources = {**{name: str(count) for name, count in spec.accelerators.items()}, "ephemeral-storage": _disk(spec)}
    return {
        **{f"{_TEMPLATE}/label/{key}": value for key, value in spec.node_labels(pool).items()},
        **{f"{_TEMPLATE}/taint/{taint.key}": f"{taint.value}:{taint.effect}" for taint in spec.node_taints},
        **{f"{_TEMPLATE}/resources/{name}": amount for name, amount in resources.items()},
    }


def discovery_tag(cluster_name: str) -> str:
    """Return the key of the tag by which the autoscaler of a cluster finds its groups."""
    return f"k8s.io/cluster-autoscaler/{cluster_name}"


def _disk(spec: EksManagedSpec) -> str:
    return f"{spec.disk_gib}Gi"
