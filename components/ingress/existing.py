"""A way into the cluster that somebody else owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.component import Component
from components.ingress.contract import ExistingSpec, IngressOutputs

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place
    from components.cluster.contract import ClusterOutputs
    from components.cluster_services.contract import ClusterServicesOutputs


class ExistingIngress(Component[IngressOutputs]):
    """The promises of an ingress controller or a Gateway that is already there; no resources."""

    def __init__(
        self,
        name: str,
        spec: ExistingSpec,
        *,
        place: Place,  # noqa: ARG002
        cluster: ClusterOutputs,
        services: ClusterServicesOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, cluster, services)
        self.outputs = self.promise(
            IngressOutputs(
                class_name=Output.from_input(spec.class_name) if spec.class_name else None,
                gateway=Output.from_input(spec.gateway) if spec.gateway else None,
                domain=Output.from_input(spec.domain),
            )
        )
