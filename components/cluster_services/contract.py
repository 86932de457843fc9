"""What the services of every cluster promise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import Field

from components.base import Document, Outputs, Spec
from components.charts import charts
from components.node_pools.contract import GPU, device_plugin_needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pulumi import Output

    from components.charts import Chart
    from components.cluster.contract import ClusterAbilities
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


ServiceChart = Literal[
    "cert-manager",
    "cloudnative-pg",
    "gateway-helm",
    "gha-runner-scale-set-controller",
    "metrics-server",
    "nvidia-device-plugin",
]
"""Charts that a cluster may lack."""


class KubernetesServicesSpec(Spec[ClusterServicesOutputs]):
    """What a cluster of anybody lacks; `kubernetes_services_spec` derives it, nobody writes it."""

    flavor: Literal["kubernetes"]
    storage_class: str = Field(examples=["standard"])
    """StorageClass of claims that name none, which the cluster has."""
    charts: tuple[ServiceChart, ...] = Field(default=(), examples=[[*get_args(ServiceChart)]])
    """What is installed, since nothing in the cluster does its work."""
    gpu_pools: dict[str, dict[str, str]] = Field(
        default_factory=dict[str, dict[str, str]],
        examples=[{"inference": {"acme.example/machines": "l4"}, "training": {"acme.example/machines": "a100"}}],
    )
    """Pool -> labels of its machines, whose GPUs reach no pod without the device plugin."""


USED_BY_ALL = ("metrics.k8s.io",)
"""API groups that served models need: their autoscalers read metrics."""


def kubernetes_services_spec(
    abilities: ClusterAbilities, pools: Mapping[str, NodePoolSpec], uses: Iterable[Spec[Any]]
) -> KubernetesServicesSpec:
    """Derive what is installed: what a stack uses and its cluster does not have.

    Args:
        abilities: What the cluster has; its `default_storage_class` is known.
        pools: The machines, by the name of the pool.
        uses: Everything else that is built in the cluster; each says what `api_groups` it needs.
    """
    wanted = {*USED_BY_ALL, *(group for spec in uses for group in spec.api_groups)} - {*abilities.api_groups}
    with_gpus = {name: pool.node_labels(name) for name, pool in sorted(pools.items()) if GPU in pool.accelerators}
    gpu_pools = {} if GPU in abilities.extended_resources else with_gpus
    names: tuple[ServiceChart, ...] = get_args(ServiceChart)
    plugin = {GPU} if gpu_pools else set[str]()
    return KubernetesServicesSpec(
        flavor="kubernetes",
        storage_class=abilities.default_storage_class or "",
        charts=tuple(name for name in names if _brings(charts()[name], wanted, plugin)),
        gpu_pools=gpu_pools,
    )


def _brings(chart: Chart, api_groups: set[str], extended_resources: set[str]) -> bool:
    return bool(api_groups & {*chart.api_groups} or extended_resources & {*chart.extended_resources})


ClusterServicesSpec = Annotated[EksServicesSpec | KubernetesServicesSpec, Field(discriminator="flavor")]
"""Services of any flavor."""
