"""A pool of AWS that has no machine gets one: the pods that wait fit what the autoscaler expects of it.

The tags of the Auto Scaling groups come from the recorded graph, the pods from what the pools promise, and the real
scheduler decides whether they fit.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from kubernetes import client as kubernetes

from tests.harness.cluster.graphs import environment_resources, platform_of
from tests.harness.cluster.placing import Placement, add_known_nodes, container, decided, place, placed, pod
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.template_node import TEMPLATE, Group, groups, is_discovered, template_node
from tests.harness.pools import GPU, managed

pytestmark = pytest.mark.cluster


@contextmanager
def node(plane: Plane, namespace: str, group: Group, cluster: str = "acme-prod") -> Generator[None]:
    """Let there be the node that the autoscaler would make of a group; none if it would not find the group."""
    if not is_discovered(group, cluster):
        yield
        return
    manifest = template_node(group)
    add_known_nodes(plane, namespace, manifest)
    try:
        yield
    finally:
        kubernetes.CoreV1Api(plane.api()).delete_node(manifest["metadata"]["name"])


def job(promised: dict[str, Any], *, tolerates: bool = True) -> dict[str, Any]:
    """Return a pod that chooses a pool by all that it promises, and wants all of its GPUs and most of its disk."""
    tolerations = [
        {"key": taint["key"], "operator": "Equal", "value": taint["value"], "effect": taint["effect"]}
        for taint in promised["taints"]
        if tolerates
    ]
    gpus = {name: str(count) for name, count in promised["accelerators"].items()}
    return {
        "nodeSelector": promised["labels"],
        "tolerations": tolerations,
        "containers": [container({"cpu": "1", "memory": "1Gi", "ephemeral-storage": "90Gi", **gpus})],
    }


@cache
def group() -> Group:
    """A pool of four GPUs, with labels and taints of its own, as its group says."""
    return groups(managed().values())["gpu"]


PROMISED: dict[str, Any] = {
    "labels": GPU.node_labels("gpu"),
    "taints": [taint.model_dump() for taint in GPU.node_taints],
    "accelerators": GPU.accelerators,
}
TAGS = sorted(group().tags)
LABELS = [tag for tag in TAGS if tag.startswith(f"{TEMPLATE}label/")]
TAINTS = [tag for tag in TAGS if tag.startswith(f"{TEMPLATE}taint/")]
RESOURCES = [tag for tag in TAGS if tag.startswith(f"{TEMPLATE}resources/")]
DISCOVERY = [tag for tag in TAGS if tag not in (*LABELS, *TAINTS, *RESOURCES)]


def test_a_waiting_pod_gets_the_node(machines: Plane, namespace: str) -> None:
    """As long as the pool is empty the pod waits; on the node that comes it starts."""
    with pod(machines, namespace, job(PROMISED)) as name:
        before = decided(machines, namespace, name)
        with node(machines, namespace, group()):
            after = placed(machines, namespace, name)
            core = kubernetes.CoreV1Api(machines.api())
            machines.eventually(
                lambda: core.read_namespaced_pod(name, namespace).status.phase == "Running", "a pod that runs"
            )

    assert (None, "gpu-template") == (before.node, after)


@pytest.mark.parametrize("tag", LABELS)
def test_a_node_without_a_label_is_not_chosen(machines: Plane, namespace: str, tag: str) -> None:
    """Leave out the tag of one label, and the pod that selects by it would wait for ever."""
    with node(machines, namespace, group().without(tag)):
        found = place(machines, namespace, job(PROMISED))

    assert found.node is None
    assert "didn't match Pod's node affinity/selector" in found.reason


@pytest.mark.parametrize("tag", DISCOVERY)
def test_a_group_that_is_not_found_stays_empty(machines: Plane, namespace: str, tag: str) -> None:
    """Leave out one of the two tags by which groups are found, and no node is even thought of."""
    with node(machines, namespace, group().without(tag)):
        found = place(machines, namespace, job(PROMISED))

    assert Placement(None, "no nodes available to schedule pods") == Placement(found.node, found.reason)


def test_a_node_without_a_disk_is_too_small(machines: Plane, namespace: str) -> None:
    """The autoscaler knows no disks: leave out the tag, and a pod that asks for one would wait for ever."""
    with node(machines, namespace, group().without(f"{TEMPLATE}resources/ephemeral-storage")):
        found = place(machines, namespace, job(PROMISED))

    assert found.node is None
    assert "Insufficient ephemeral-storage" in found.reason


def test_gpus_of_a_known_machine_need_no_tag(machines: Plane, namespace: str) -> None:
    """The autoscaler's own table has the GPUs of a machine; the tag says the same, and says it for new machines too."""
    with node(machines, namespace, group().without(f"{TEMPLATE}resources/nvidia.com/gpu")):
        found = place(machines, namespace, job(PROMISED))

    assert Placement("gpu-template") == found
    assert f"{PROMISED['accelerators']['nvidia.com/gpu']}" == group().tags[f"{TEMPLATE}resources/nvidia.com/gpu"]


@pytest.mark.parametrize("tag", TAINTS)
def test_without_a_taint_machines_would_start_in_vain(machines: Plane, namespace: str, tag: str) -> None:
    """Leave out the tag of one taint, and a pod that no machine of the pool takes seems to fit it."""
    key = tag.removeprefix(f"{TEMPLATE}taint/")
    others = {**PROMISED, "taints": [taint for taint in PROMISED["taints"] if taint["key"] != key]}

    with node(machines, namespace, group()):
        refused = place(machines, namespace, job(others))
    with node(machines, namespace, group().without(tag)):
        taken = place(machines, namespace, job(others))

    assert refused.node is None
    assert "untolerated taint(s)" in refused.reason
    assert Placement("gpu-template") == taken


@pytest.mark.parametrize(
    ("environment", "pool"), [("dev", "gpu"), ("staging", "gpu"), ("prod", "cpu"), ("prod", "gpu")]
)
def test_the_pools_of_the_examples_start_from_zero(
    machines: Plane, namespace: str, environment: str, pool: str
) -> None:
    """A pod that chooses a pool of an example by what that promises fits what the autoscaler expects of it."""
    resources = environment_resources("aws", environment)
    platform = platform_of(resources)
    with node(machines, namespace, groups(resources)[pool], platform["cluster"]["name"]):
        found = place(machines, namespace, job(platform["node_pools"][pool]))

    assert Placement(f"{pool}-template") == found
