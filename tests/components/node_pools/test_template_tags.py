"""The autoscaler can fill a pool from nothing, for it knows what a node would be like."""

from __future__ import annotations

import pytest

from components.node_pools.contract import EksManagedSpec, Taint
from tests.harness.pools import GPU, managed

TEMPLATE = "k8s.io/cluster-autoscaler/node-template/"
CPU = EksManagedSpec(instance_types=("m7i.large",), max_size=3)


def tags(spec: EksManagedSpec = GPU, name: str = "gpu") -> dict[str, str]:
    """The tags of the pool's Auto Scaling group."""
    found = [item.inputs for label, item in managed(spec, name).items() if label.startswith("Tag ")]
    return {each["tag"]["key"]: each["tag"]["value"] for each in found}


def test_an_empty_pool_says_what_its_nodes_would_be() -> None:
    """One tag for each label, taint and resource of a node, and two by which the autoscaler finds the group."""
    assert {
        "k8s.io/cluster-autoscaler/enabled": "true",
        "k8s.io/cluster-autoscaler/acme-prod": "owned",
        f"{TEMPLATE}label/acme.example/team": "vision",
        f"{TEMPLATE}label/purpose": "training",
        f"{TEMPLATE}label/stackwright/pool": "gpu",
        f"{TEMPLATE}label/nvidia.com/gpu.present": "true",
        f"{TEMPLATE}label/k8s.amazonaws.com/accelerator": "nvidia-a10g",
        f"{TEMPLATE}taint/nvidia.com/gpu": "true:NoSchedule",
        f"{TEMPLATE}taint/team": ":NoExecute",
        f"{TEMPLATE}resources/nvidia.com/gpu": "4",
        f"{TEMPLATE}resources/ephemeral-storage": "100Gi",
    } == tags()


def test_tags_are_on_the_group_that_eks_made() -> None:
    """They name its Auto Scaling group, and do not become tags of machines."""
    found = [item.inputs for label, item in managed().items() if label.startswith("Tag ")]
    name = "${aws:eks/nodeGroup:NodeGroup::gpu.resources[0].autoscalingGroups[0].name}"

    assert {(name, False)} == {(each["autoscalingGroupName"], each["tag"]["propagateAtLaunch"]) for each in found}


def told_to_nodes(spec: EksManagedSpec) -> tuple[dict[str, str], dict[str, str]]:
    """Labels and taints of the nodes, as EKS sets them, in the autoscaler's words."""
    found = managed(spec)["NodeGroup gpu"].inputs
    words = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
    taints = {taint["key"]: f"{taint['value']}:{words[taint['effect']]}" for taint in found.get("taints", [])}
    return found["labels"], taints


@pytest.mark.parametrize(
    "spec",
    [
        GPU,
        GPU.model_copy(update={"labels": {"purpose": "training"}}),
        GPU.model_copy(update={"labels": {"acme.example/team": "speech", "purpose": "training"}}),
        GPU.model_copy(update={"taints": GPU.taints[1:] if GPU.taints else ()}),
        GPU.model_copy(update={"taints": ()}),
        GPU.model_copy(update={"taints": (Taint(key="team", value="a", effect="PreferNoSchedule"),)}),
        CPU,
    ],
    ids=["all", "label dropped", "label changed", "taint dropped", "no taint", "taint changed", "cpu"],
)
def test_tags_say_what_nodes_get(spec: EksManagedSpec) -> None:
    """The autoscaler expects exactly the labels and taints that EKS sets: none more, none less."""
    found = tags(spec)
    labels, taints = (
        {key.removeprefix(f"{TEMPLATE}{part}/"): value for key, value in found.items() if f"{TEMPLATE}{part}/" in key}
        for part in ("label", "taint")
    )

    assert told_to_nodes(spec) == (labels, taints)


def test_the_order_of_labels_and_taints_means_nothing() -> None:
    """The same values in another order are the same resources."""
    turned = GPU.model_copy(
        update={
            "labels": dict(reversed(GPU.labels.items())),
            "taints": tuple(reversed(GPU.taints or ())),
        }
    )

    assert managed() == managed(turned)


def test_one_more_label_changes_no_other_tag() -> None:
    """Each tag is a resource of its own."""
    more = GPU.model_copy(update={"labels": {"aaa": "first", **GPU.labels}})
    before, after = managed(), managed(more)
    tagged = {label for label in before if label.startswith("Tag ")}

    assert {label: before[label] for label in tagged} == {label: after[label] for label in tagged}
    assert {"Tag gpu-label-aaa"} == set(after) - set(before)


def test_a_pool_without_gpus_promises_none() -> None:
    """The autoscaler starts no machine of it for a pod that asks for a GPU."""
    assert [] == [key for key in tags(CPU) if "gpu" in key or "accelerator" in key]
