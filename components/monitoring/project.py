"""How the served models of one project are watched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pulumi_kubernetes import apiextensions, core, networking

from components.model_deployer.contract import MODEL_LABEL
from components.monitoring.contract import DASHBOARD_LABEL, NAMESPACE, Thresholds
from components.monitoring.dashboard import dashboard
from components.monitoring.rules import rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Resource

    from components.base import OutputsT
    from components.component import Component

METRICS = "http"
"""Name of the port of a served model, by which it answers everything."""

DASHBOARD = "dashboard"
"""Name of the ConfigMap with a project's dashboard."""

_API = "monitoring.coreos.com/v1"


def watch_project(
    owner: Component[OutputsT],
    name: str,
    *,
    namespace: str,
    port: int,
    thresholds: Thresholds | None = None,
    depends_on: Sequence[Resource] = (),
) -> None:
    """Let Prometheus ask the served models of a project, judge the answers, and show them, as children of a component.

    All objects are in the project's namespace, where Prometheus and Grafana find them; who may deploy there changes
    none of them. The cluster has to serve `monitoring.coreos.com`.

    Args:
        owner: The component that makes the namespace.
        name: The project, and the logical name.
        namespace: Where its models are served.
        port: Where they listen.
        thresholds: When people are told.
        depends_on: What has to be there first: the namespace.
    """
    opts = owner.child_with(depends_on=depends_on)
    metadata = {"name": "models", "namespace": namespace}
    for kind, spec in {"PodMonitor": _pods(), "PrometheusRule": _rules(name, namespace, thresholds)}.items():
        apiextensions.CustomResource(
            f"{name}-models", api_version=_API, kind=kind, metadata=metadata, spec=spec, opts=opts
        )
    core.v1.ConfigMap(
        f"{name}-dashboard",
        metadata={"name": DASHBOARD, "namespace": namespace, "labels": {DASHBOARD_LABEL: "1"}},
        data={f"{namespace}.json": json.dumps(dashboard(name, namespace), indent=1, sort_keys=True)},
        opts=opts,
    )
    networking.v1.NetworkPolicy(
        f"{name}-from-monitoring",
        metadata={"name": "from-monitoring", "namespace": namespace},
        spec=_from_monitoring(port),
        opts=opts,
    )


def _pods() -> dict[str, Any]:
    return {
        "selector": {"matchExpressions": [{"key": MODEL_LABEL, "operator": "Exists"}]},
        "podTargetLabels": [MODEL_LABEL],
        "podMetricsEndpoints": [{"port": METRICS, "path": "/metrics", "interval": "30s"}],
        "sampleLimit": 10_000,
    }


def _rules(project: str, namespace: str, thresholds: Thresholds | None) -> dict[str, Any]:
    return {"groups": [{"name": f"{project}.models", "rules": rules(project, namespace, thresholds or Thresholds())}]}


def _from_monitoring(port: int) -> Any:
    monitoring = {"namespace_selector": {"match_labels": {"kubernetes.io/metadata.name": NAMESPACE}}}
    return {
        "pod_selector": {},
        "policy_types": ["Ingress"],
        "ingress": [{"from_": [monitoring], "ports": [{"protocol": "TCP", "port": port}]}],
    }
