"""Machines that a cluster has already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.component import Component
from components.node_pools.contract import ExistingSpec, NodePoolOutputs

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place
    from components.cluster.contract import ClusterOutputs
    from components.network.contract import NetworkOutputs


class ExistingNodePool(Component[NodePoolOutputs]):
    """The promises of machines that are already there; no resources. Their owner labels and taints them."""

    def __init__(
        self,
        name: str,
        spec: ExistingSpec,
        *,
        place: Place,  # noqa: ARG002
        cluster: ClusterOutputs,
        network: NetworkOutputs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, cluster, *([network] if network else []))
        self.outputs = self.promise(
            NodePoolOutputs(
                labels=Output.from_input(spec.node_labels(name)),
                taints=Output.from_input([taint.model_dump() for taint in spec.node_taints]),
                accelerators=Output.from_input(spec.accelerators),
            )
        )
