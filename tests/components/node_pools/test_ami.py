"""Which image fits a machine, and whether its GPUs reach pods."""

from __future__ import annotations

from typing import get_args

import pytest

from components.node_pools.ami import AmiType, default_ami, misfit
from components.node_pools.contract import EksManagedSpec, device_plugin_needed
from components.node_pools.instances import instance, instances

MACHINES: dict[AmiType, str] = {
    "AL2023_ARM_64_NVIDIA": "g5g.xlarge",
    "AL2023_ARM_64_STANDARD": "m7g.large",
    "AL2023_x86_64_NVIDIA": "g6.xlarge",
    "AL2023_x86_64_STANDARD": "m7i.large",
    "BOTTLEROCKET_ARM_64": "m7g.large",
    "BOTTLEROCKET_ARM_64_NVIDIA": "g5g.xlarge",
    "BOTTLEROCKET_x86_64": "m7i.large",
    "BOTTLEROCKET_x86_64_NVIDIA": "g6.xlarge",
}
"""Image -> a machine that it is for."""

PLUGIN_NEEDED = {"AL2023_ARM_64_NVIDIA", "AL2023_x86_64_NVIDIA"}


@pytest.mark.parametrize("ami", get_args(AmiType))
def test_the_device_plugin_is_needed_where_the_image_has_none(ami: AmiType) -> None:
    """Amazon Linux brings the driver alone, Bottlerocket the plugin too, and other images neither."""
    spec = EksManagedSpec(instance_types=(MACHINES[ami],), ami_type=ami, max_size=1)

    assert (ami in PLUGIN_NEEDED) is device_plugin_needed(spec)


@pytest.mark.parametrize("ami", get_args(AmiType))
def test_an_image_fits_its_machines_only(ami: AmiType) -> None:
    """Of one machine of each sort, those of its architecture with GPUs if it has the driver."""
    sorts = sorted(set(MACHINES.values()))

    assert [MACHINES[ami]] == [name for name in sorts if misfit(ami, instance(name)) is None]


def test_every_machine_has_a_default() -> None:
    """The image that a pool gets unasked fits its machine, whatever it is."""
    assert [] == [name for name, machine in instances().items() if misfit(default_ami(machine), machine)]
