"""Machines that a cluster has already."""

from __future__ import annotations

from typing import Any

import pytest

from components.conformance import Case
from components.errors import UserError
from components.node_pools.contract import ExistingSpec, Taint, device_plugin_needed, system_pool_problem
from stacks.load import validate

GPU = {"labels": {"acme.example/machines": "gpu"}, "accelerators": {"nvidia.com/gpu": 4}}
TAINTS = [{"key": "nvidia.com/gpu", "value": "true"}, {"key": "acme.example/own", "effect": "NoExecute"}]


def spec(**values: Any) -> ExistingSpec:
    """A spec as a stack file gives it."""
    plain = {"flavor": "existing", "labels": {"kubernetes.io/os": "linux"}, "cpu": 8, "memory_gib": 32, "max_size": 4}
    return validate({**plain, **values}, ExistingSpec, "dev.yaml")


@pytest.mark.parametrize("cloud", [True, False])
def test_it_creates_nothing(*, cloud: bool) -> None:
    """Its promises are what the machines have, and no label or taint of ours: their owner sets them."""
    built = Case(spec(**GPU, taints=TAINTS), cloud=cloud).built()

    assert [] == built.managed
    assert {
        "labels": {"acme.example/machines": "gpu"},
        "taints": [
            {"key": "acme.example/own", "value": "", "effect": "NoExecute"},
            {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"},
        ],
        "accelerators": {"nvidia.com/gpu": 4},
    } == built.root.outputs


def test_it_says_of_itself_what_a_managed_pool_does() -> None:
    """Whether GPUs need a plugin, and whether add-ons may run there, is asked of pools of any flavor."""
    plain, gpu = spec(), spec(**GPU, taints=TAINTS)

    assert [False, True] == [device_plugin_needed(pool) for pool in (plain, gpu)]
    assert system_pool_problem(plain) is None
    assert system_pool_problem(gpu) == "taints: add-ons tolerate none; leave them out, and GPUs"
    assert {"kubernetes.io/os": "linux"} == plain.node_labels("any")
    assert Taint(key="nvidia.com/gpu", value="true") == gpu.node_taints[1]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (GPU, "taints: machines with accelerators need one, or the pods of everybody take their room"),
        ({"labels": {}}, "labels: `{}`: dictionary should have at least 1 item"),
        ({"labels": {"a b": "c"}}, "labels: `{'a b': 'c'}`: `a b` is not a key of a label"),
        ({"labels": {"a": "b c"}}, "`b c` of `a` is not a value of at most 63"),
        ({**GPU, "accelerators": {"nvidia.com/gpu": 0}}, "accelerators.nvidia.com/gpu: `0`"),
        ({"max_size": 0}, "max_size: `0`: input should be greater than or equal to 1"),
        ({"instance_types": ["m7i.large"]}, "instance_types: unknown field"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], told: str) -> None:
    """Above all machines with GPUs that every pod may take."""
    with pytest.raises(UserError) as refused:
        spec(**values)

    assert told in str(refused.value)
