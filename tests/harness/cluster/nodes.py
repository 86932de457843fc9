"""Nodes as a pool describes its machines, without the machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.node_pools.contract import EksManagedSpec, ExistingSpec

PODS = 110
"""Pods that a node takes."""
EVICTION_MIB = 100
"""Memory below which the kubelet evicts pods."""

_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


def node_of(
    pool: str,
    spec: EksManagedSpec | ExistingSpec,
    number: int = 0,
    *,
    zone: str = "zone-1",
    plugin: bool = False,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the manifest of one node of a pool.

    Pods get what the machine has but for what EKS holds back on its images: 6 % of the first core, 1 % of the second,
    0.5 % of the next two and 0.25 % of the others; 255 MiB, 11 MiB for each pod, and 100 MiB before eviction.

    Args:
        pool: Name of the pool.
        spec: What the pool says of its machines.
        number: Which of its nodes it is.
        zone: Where it is.
        plugin: Whether accelerators are there only once a device plugin runs on the node: a pod with the annotation
            `plane.test/announces: nvidia.com/gpu`.
        labels: More labels.
    """
    cpus, memory, architecture = _size(spec)
    accelerators = {name: str(count) for name, count in spec.accelerators.items()}
    shown = {} if plugin else accelerators
    capacity = {"cpu": str(cpus), "memory": f"{memory}Mi", "pods": str(PODS), "ephemeral-storage": "100Gi", **shown}
    allocatable = {"cpu": f"{_cores_left(cpus)}m", "memory": f"{memory - 255 - 11 * PODS - EVICTION_MIB}Mi"}
    later = {"plane.test/accelerators": next(iter(accelerators.values()))} if plugin and accelerators else {}
    name = f"{pool}-{number}"
    own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**own, "topology.kubernetes.io/zone": zone, **spec.node_labels(pool), **(labels or {})},
            "annotations": {"kwok.x-k8s.io/node": "fake", **later},
        },
        "spec": {"taints": [taint.model_dump() for taint in spec.node_taints]},
        "status": {"capacity": capacity, "allocatable": {**capacity, **allocatable}},
    }


def plain_node(name: str, **more: str) -> dict[str, Any]:
    """Return the manifest of a machine of no pool: 16 cores and 64 GiB.

    Args:
        name: Of the node.
        more: Other resources by name, with dots and slashes: `**{"nvidia.com/gpu": "4"}`.
    """
    capacity = {"cpu": "16", "memory": "64Gi", "ephemeral-storage": "100Gi", "pods": str(PODS), **more}
    labels = {"kubernetes.io/hostname": name}
    return {
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def _size(spec: EksManagedSpec | ExistingSpec) -> tuple[int, int, str]:
    """Return cores, memory in MiB and architecture of a machine."""
    if isinstance(spec, ExistingSpec):
        return spec.cpu, spec.memory_gib * 1024, "amd64"
    return spec.machine.vcpus, spec.machine.memory_mib, _ARCHITECTURES[spec.machine.architecture]


def _cores_left(cpus: int) -> int:
    """Return what pods get of the cores, in thousandths."""
    held = 60 + 10 * (cpus > 1) + 5 * min(max(cpus - 2, 0), 2) + 2.5 * max(cpus - 4, 0)
    return int(cpus * 1000 - held)
