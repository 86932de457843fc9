"""What a cluster needs follows from its pools."""

from __future__ import annotations

import pytest

from components.cluster_services.contract import EksServicesSpec, services_spec
from components.node_pools.ami import AmiType
from components.node_pools.contract import EksManagedSpec, default_system_pool

SYSTEM = default_system_pool()
GPU = EksManagedSpec(instance_types=("g6.xlarge",), max_size=4)


def with_image(image: AmiType) -> EksManagedSpec:
    """A pool of GPUs with an image."""
    return EksManagedSpec(instance_types=("g6.xlarge",), max_size=4, ami_type=image)


BOTTLEROCKET = with_image("BOTTLEROCKET_x86_64_NVIDIA")


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ({}, EksServicesSpec()),
        ({"system": SYSTEM}, EksServicesSpec()),
        ({"system": SYSTEM, "gpu": GPU}, EksServicesSpec(device_plugin=True)),
        ({"system": SYSTEM, "gpu": with_image("AL2023_x86_64_NVIDIA")}, EksServicesSpec(device_plugin=True)),
        ({"system": SYSTEM, "gpu": BOTTLEROCKET}, EksServicesSpec()),
        (
            {"train": GPU, "serve": BOTTLEROCKET, "batch": BOTTLEROCKET, "system": SYSTEM},
            EksServicesSpec(device_plugin=True, pools_with_own_plugin=("batch", "serve")),
        ),
    ],
    ids=["none", "no GPU", "by default", "Amazon Linux", "Bottlerocket", "both"],
)
def test_the_plugin_is_there_for_images_without_one(
    pools: dict[str, EksManagedSpec], expected: EksServicesSpec
) -> None:
    """A second plugin on a machine would offer each GPU twice, and none would offer none."""
    assert expected == services_spec(pools)


def test_one_more_pool_changes_nothing() -> None:
    """Pools come and go without touching what runs on others."""
    assert services_spec({"gpu": GPU}) == services_spec({"gpu": GPU, "more": GPU, "system": SYSTEM})
