"""Pools that cannot be, and what a pool is unless somebody says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from components.errors import UserError
from components.node_pools.contract import EksManagedSpec, Taint, default_system_pool, system_pool_problem
from stacks.load import validate


def told(**values: Any) -> str:
    """Say what is wrong with a pool."""
    whole = {"flavor": "eks_managed", "instance_types": ["m7i.large"], "max_size": 3, **values}
    with pytest.raises(UserError) as refused:
        validate(whole, EksManagedSpec, "dev.yaml")
    return "\n".join(refused.value.problems)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"instance_types": ["g5.xlrage"]},
            "instance_types: `['g5.xlrage']`: `g5.xlrage` is not in instances.csv; did you mean `g5.xlarge`?",
        ),
        (
            {"instance_types": ["m7i.large", "m7g.large"]},
            "instance_types: `['m7i.large', 'm7g.large']`: m7g.large and m7i.large differ in architecture, "
            "processors, memory or GPUs; make a pool of each: the autoscaler takes all machines of one for equal",
        ),
        (
            {"instance_types": ["g5.xlarge", "g6.xlarge"]},
            "instance_types: `['g5.xlarge', 'g6.xlarge']`: g6.xlarge and g5.xlarge differ in architecture, "
            "processors, memory or GPUs; make a pool of each: the autoscaler takes all machines of one for equal",
        ),
        (
            {"instance_types": ["m7i.large", "m7i.large"]},
            "instance_types: `['m7i.large', 'm7i.large']`: `m7i.large` is given twice",
        ),
        (
            {"ami_type": "BOTTLEROCKET_ARM_64"},
            "ami_type: `BOTTLEROCKET_ARM_64`: m7i.large is x86_64; take AL2023_x86_64_STANDARD, or leave it out",
        ),
        (
            {"ami_type": "AL2023_x86_64_NVIDIA"},
            "ami_type: `AL2023_x86_64_NVIDIA`: m7i.large has no GPU for this driver; "
            "take one that does not end in _NVIDIA, or leave it out",
        ),
        (
            {"instance_types": ["g6.xlarge"], "ami_type": "AL2023_x86_64_STANDARD"},
            "ami_type: `AL2023_x86_64_STANDARD`: g6.xlarge has GPUs and this image no driver; "
            "take one that ends in _NVIDIA, or leave it out",
        ),
        ({"min_size": 4}, "max_size: `3` is less than min_size `4`"),
        ({"start_size": 4}, "start_size: `4` is not between min_size `0` and max_size `3`"),
        (
            {"labels": {"node.kubernetes.io/team": "a"}},
            "labels: `{'node.kubernetes.io/team': 'a'}`: `node.kubernetes.io/team` belongs to Kubernetes; "
            "use a prefix of your own",
        ),
        (
            {"labels": {"stackwright/pool": "a"}},
            "labels: `{'stackwright/pool': 'a'}`: `stackwright/pool` is set by the pool itself; leave it out",
        ),
        (
            {"labels": {"a b": "c"}},
            "labels: `{'a b': 'c'}`: `a b` is not a key of at most 83 characters; "
            "write it like `team` or `acme.example/team`",
        ),
        (
            {"labels": {"team": "a b"}},
            "labels: `{'team': 'a b'}`: `a b` of `team` is not a value of at most 63 letters, digits, `-`, `_`, `.`",
        ),
        ({"zones": []}, "zones: `[]`: tuple should have at least 1 item after validation, not 0"),
        ({"zones": ["eu-west-1a"]}, "zones.0: `eu-west-1a`: not the id of a zone; write `euc1-az1`, as `aws ec2 "),
    ],
)
def test_a_problem_is_said_where_it_is(values: dict[str, Any], expected: str) -> None:
    """Each problem has its own line: where, what, and what to do."""
    assert told(**values).startswith(f"dev.yaml: {expected}")


@pytest.mark.parametrize(
    ("taints", "expected"),
    [
        (
            [{"key": "team", "value": "a"}, {"key": "team", "value": "b", "effect": "NoExecute"}],
            "`team` is given twice; the autoscaler knows one effect of a key",
        ),
        ([{"key": "node.kubernetes.io/x"}], "`node.kubernetes.io/x` belongs to Kubernetes; use a prefix of your own"),
        ([{"key": "team", "value": "a b"}], "`a b` is not a value of at most 63 letters, digits, `-`, `_`, `.`"),
    ],
)
def test_taints_that_cannot_be_are_refused(taints: list[dict[str, str]], expected: str) -> None:
    """A taint is known by its key, to the autoscaler at least."""
    assert told(taints=taints).startswith("dev.yaml: taints: ")
    assert told(taints=taints).endswith(expected)


def test_gpus_are_kept_for_those_who_ask() -> None:
    """A pool with GPUs is tainted and labelled, one without is not."""
    gpu = EksManagedSpec(instance_types=("g5.12xlarge",), max_size=2)
    cpu = EksManagedSpec(instance_types=("m7i.large",), max_size=2)

    assert (Taint(key="nvidia.com/gpu", value="true", effect="NoSchedule"),) == gpu.node_taints
    assert {"nvidia.com/gpu": 4} == gpu.accelerators
    assert {
        "k8s.amazonaws.com/accelerator": "nvidia-a10g",
        "nvidia.com/gpu.present": "true",
        "stackwright/pool": "gpu",
    } == gpu.node_labels("gpu")
    assert ((), {}, {"stackwright/pool": "cpu"}) == (cpu.node_taints, cpu.accelerators, cpu.node_labels("cpu"))


def test_taints_can_be_turned_off() -> None:
    """An empty list means none, which is not the same as saying nothing."""
    assert () == EksManagedSpec(instance_types=("g5.xlarge",), max_size=1, taints=()).node_taints


def test_the_implied_system_pool_is_a_good_one() -> None:
    """Two machines of the architecture that images are mostly built for, with room for an upgrade."""
    pool = default_system_pool()

    assert None is system_pool_problem(pool)
    assert (2, 2, 4, "x86_64") == (pool.min_size, pool.first_size, pool.max_size, pool.machine.architecture)


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        (
            EksManagedSpec(instance_types=("m7i.large",), min_size=1, max_size=3),
            "min_size: add-ons run two replicas on different machines; at least 2",
        ),
        (
            EksManagedSpec(instance_types=("m7i.large",), min_size=2, max_size=3, taints=(Taint(key="team"),)),
            "taints: add-ons tolerate none; leave them out, and GPUs",
        ),
        (
            EksManagedSpec(instance_types=("g5.xlarge",), min_size=2, max_size=3),
            "taints: add-ons tolerate none; leave them out, and GPUs",
        ),
    ],
)
def test_what_cannot_hold_the_add_ons_is_no_system_pool(pool: EksManagedSpec, expected: str) -> None:
    """In every tier add-ons need two machines that take them."""
    assert expected == system_pool_problem(pool)
