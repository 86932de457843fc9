"""What the services of every cluster promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from components.base import Document, Outputs, Spec
from components.node_pools.contract import device_plugin_needed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Output

    from components.node_pools.contract import NodePoolSpec


class ClusterServicesSection(Document):
    """What a cluster has for everybody."""

    storage_class: str
    """StorageClass of claims that name none."""


@dataclass(frozen=True, kw_only=True)
class ClusterServicesOutputs(Outputs):
    """What the services of every cluster promise: names resolve, volumes bind, load balancers come, pods scale."""

    storage_class: Output[str]
    """StorageClass of claims that name none."""


class EksServicesSpec(Spec[ClusterServicesOutputs]):
    """What an EKS cluster needs before anybody uses it; `services_spec` derives it, nobody writes it."""

    flavor: Literal["eks"] = "eks"
    device_plugin: bool = Field(default=False, examples=[True])
    """Whether the device plugin of NVIDIA is installed: the image of some pool does not offer its GPUs to pods."""
    pools_with_own_plugin: tuple[str, ...] = Field(default=(), examples=[["inference"]])
    """Pools whose image does: there, a second plugin would offer each GPU twice."""


def services_spec(pools: Mapping[str, NodePoolSpec]) -> EksServicesSpec:
    """Derive what a cluster needs from its pools, by name.

    A pool changes nothing here but whether the plugin is there at all, unless its image has one of its own.
    """
    with_gpus = {name: pool for name, pool in sorted(pools.items()) if pool.accelerators}
    lacking = {name for name, pool in with_gpus.items() if device_plugin_needed(pool)}
    own = tuple(name for name in with_gpus if name not in lacking) if lacking else ()
    return EksServicesSpec(device_plugin=bool(lacking), pools_with_own_plugin=own)


ClusterServicesSpec = EksServicesSpec
"""Services of any flavor."""
