"""Prometheus, Alertmanager and Grafana in the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_random as random
from pulumi import Output
from pulumi_kubernetes import core

from components.charts import release
from components.component import Component
from components.ingress.contract import ROUTES_LABEL
from components.ingress.route import route
from components.monitoring.contract import CHART, NAMESPACE, MonitoringOutputs, PrometheusSpec
from components.monitoring.prometheus_values import ADMIN, PROMETHEUS, values
from components.pod_security import guarded_namespace

if TYPE_CHECKING:
    from pulumi import Resource, ResourceOptions

    from components.alerts.contract import AlertsOutputs
    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.ingress.contract import IngressOutputs


class PrometheusMonitoring(Component[MonitoringOutputs]):
    """Samples are taken, rules are judged, people are told, and dashboards are shown.

    Monitors, rules and dashboards of every namespace are found, so that a project brings its own. Nothing watches
    the control plane and the machines, which are their owner's: all pods keep to the restricted standard. In `dev`
    there is one of each; from `staging` on two of Prometheus and of Alertmanager, on two machines where there are.
    Who may see everything signs in to Grafana as `admin`, with the password in the Secret `grafana-admin`.

    Custom resource definitions of a newer chart are not installed by an upgrade: its owner applies them first.
    """

    def __init__(
        self,
        name: str,
        spec: PrometheusSpec,
        *,
        place: Place,
        services: ClusterServicesOutputs,
        ingress: IngressOutputs,
        alerts: AlertsOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, services, ingress, alerts)
        home = guarded_namespace(self, name, NAMESPACE, {ROUTES_LABEL: "true"})
        host = Output.concat("grafana.", ingress.domain)
        chosen = values(spec, place, services.storage_class, host, alerts.channel)
        installed = release(self, f"{name}-{CHART}", CHART, NAMESPACE, chosen, depends_on=[self._admin(name, home)])
        route(
            self,
            name,
            ingress,
            host=host,
            namespace=NAMESPACE,
            service=f"{CHART}-grafana",
            port=80,
            depends_on=[installed],
        )
        self.outputs = self.promise(
            MonitoringOutputs(
                prometheus_url=Output.from_input(f"http://{PROMETHEUS}.{NAMESPACE}.svc:9090"),
                dashboards_url=Output.concat("https://", host),
            )
        )

    def _admin(self, name: str, home: Resource) -> core.v1.Secret:
        password = random.RandomPassword(name, length=32, special=False, opts=self.child)
        return core.v1.Secret(
            name,
            metadata={"name": ADMIN, "namespace": NAMESPACE},
            string_data=Output.secret({"user": "admin", "password": password.result}),
            opts=self.child_with(depends_on=[home]),
        )
