"""What a cluster of anybody lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.charts import release
from components.cluster_services import kubernetes_values
from components.cluster_services.contract import ClusterServicesOutputs, KubernetesServicesSpec
from components.cluster_services.kubernetes_values import CONTROLLER
from components.component import Component
from components.ingress.contract import GATEWAY_NAMESPACE
from components.pod_security import guarded_namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Resource, ResourceOptions

    from components.base import Place
    from components.cluster.contract import ClusterOutputs
    from components.cluster_services.contract import ServiceChart
    from components.node_pools.contract import NodePoolOutputs

NAMESPACES: Mapping[ServiceChart, str] = {
    "cert-manager": "cert-manager",
    "cloudnative-pg": "cnpg-system",
    "gateway-helm": GATEWAY_NAMESPACE,
    "gha-runner-scale-set-controller": CONTROLLER.partition("/")[0],
    "metrics-server": "kube-system",
    "nvidia-device-plugin": "nvidia-device-plugin",
}
"""Chart -> where it runs."""

NOT_OURS = frozenset({"kube-system"})


class KubernetesClusterServices(Component[ClusterServicesOutputs]):
    """Certificates, gateways, databases, runners, metrics and GPUs: of these what the cluster does not have.

    Every chart has a namespace of its own, whose pods keep to the restricted standard, but for the device plugin. In
    `dev` there is one of each; from `staging` on two, which are not taken away at once. Nothing tolerates the taint
    of a pool, so that nothing lands on machines with GPUs but the device plugin, which is where they are. Charts keep
    their custom resource definitions when they go; those of cert-manager go with it in `dev`.
    """

    def __init__(
        self,
        name: str,
        spec: KubernetesServicesSpec,
        *,
        place: Place,
        cluster: ClusterOutputs,
        system: NodePoolOutputs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, cluster, *([system] if system else []))
        values = kubernetes_values.of_charts(spec, place, system.labels if system else None)
        for chart in spec.charts:
            release(
                self, f"{name}-{chart}", chart, NAMESPACES[chart], values[chart](), depends_on=self._home(name, chart)
            )
        self.outputs = self.promise(ClusterServicesOutputs(storage_class=Output.from_input(spec.storage_class)))

    def _home(self, name: str, chart: ServiceChart) -> list[Resource]:
        namespace = NAMESPACES[chart]
        return [] if namespace in NOT_OURS else [guarded_namespace(self, f"{name}-{chart}", namespace)]
