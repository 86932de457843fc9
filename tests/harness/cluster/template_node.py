"""The node that the cluster autoscaler expects of an empty group in AWS, from what a graph says of the group.

The rules are those of the autoscaler (kubernetes/autoscaler, cluster-autoscaler/cloudprovider/aws: README.md, and
`buildNodeFromTemplate` in aws_manager.go): processors, memory and GPUs from its own table of machines, then the tags of
the Auto Scaling group: `…/node-template/label/<key>`, `…/taint/<key>` with `<value>:<effect>`, `…/resources/<name>`,
which may say otherwise than the table. Zone and region are left out: no pod of ours asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from components.node_pools.instances import instance
from components.recording import RecordedResource

ENABLED = "k8s.io/cluster-autoscaler/enabled"
TEMPLATE = "k8s.io/cluster-autoscaler/node-template/"
EFFECTS = ("NoSchedule", "NoExecute", "PreferNoSchedule")

_GROUP = "aws:eks/nodeGroup:NodeGroup"
_TAG = "aws:autoscaling/tag:Tag"
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}


@dataclass(frozen=True)
class Group:
    """What the autoscaler is told of one Auto Scaling group."""

    name: str
    """Name of the node group that made it."""
    machine: str
    """Type of its machines, the first of several."""
    tags: Mapping[str, str]
    """Its tags."""

    def without(self, tag: str) -> Group:
        """Return the group with one tag less."""
        return Group(self.name, self.machine, {key: value for key, value in self.tags.items() if key != tag})


def groups(resources: Iterable[RecordedResource]) -> dict[str, Group]:
    """Return the groups that a program registers, by the names of their pools."""
    found = list(resources)
    return {
        item.name: Group(item.name, item.inputs["instanceTypes"][0], _tags(item.urn, found))
        for item in found
        if item.type == _GROUP
    }


def is_discovered(group: Group, cluster: str) -> bool:
    """Return whether the autoscaler of a cluster finds a group at all: by the keys of two tags, whatever they say."""
    return {ENABLED, f"k8s.io/cluster-autoscaler/{cluster}"} <= set(group.tags)


def template_node(group: Group) -> dict[str, Any]:
    """Return the manifest of the node that the autoscaler would simulate."""
    name = f"{group.name}-template"
    machine = instance(group.machine)
    told = {part: _told(group, part) for part in ("label", "resources", "taint")}
    capacity = {
        "cpu": str(machine.vcpus),
        "memory": f"{machine.memory_mib}Mi",
        "nvidia.com/gpu": str(machine.gpus),
        "pods": "110",
    } | told["resources"]
    generic = {
        "kubernetes.io/arch": _ARCHITECTURES[machine.architecture],
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": machine.type,
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": generic | told["label"], "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "spec": {"taints": [taint for key, value in told["taint"].items() for taint in _taint(key, value)]},
        "status": {"capacity": capacity, "allocatable": capacity},
    }


def _tags(group: str, resources: Iterable[RecordedResource]) -> dict[str, str]:
    tags = [
        item.inputs["tag"]
        for item in resources
        if item.type == _TAG and group in item.property_dependencies.get("autoscalingGroupName", ())
    ]
    return {tag["key"]: tag["value"] for tag in tags}


def _told(group: Group, part: str) -> dict[str, str]:
    prefix = f"{TEMPLATE}{part}/"
    return {key.removeprefix(prefix): value for key, value in group.tags.items() if key.startswith(prefix)}


def _taint(key: str, text: str) -> list[dict[str, str]]:
    """Return the taint of a tag; one in another form is passed over, as the autoscaler does."""
    value, _, effect = text.partition(":")
    return [{"key": key, "value": value, "effect": effect}] if effect in EFFECTS else []
