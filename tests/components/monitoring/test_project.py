"""What is watched of a project's served models, and when people are told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.base import Outputs, Spec
from components.component import Component
from components.model_deployer.contract import MODEL_LABEL
from components.monitoring.contract import DASHBOARD_LABEL, NAMESPACE, Thresholds
from components.monitoring.project import watch_project
from components.recording import RecordedResource
from pipelines.plan.record import graph_of
from tests.harness.kubernetes_plugin.custom import wrong
from tests.harness.recorded import deploy

SERVER = Path(__file__).parents[3] / "templates" / "project" / "src" / "{{ package }}" / "server" / "metrics.py"
HOME = "project-churn"
RECORDED_BY_KUBERNETES = {
    "kube_deployment_spec_replicas",
    "kube_deployment_status_replicas_available",
    "kube_resourcequota",
}
"""Metrics of kube-state-metrics
(github.com/kubernetes/kube-state-metrics, docs/metrics: deployment, resourcequota)."""


class Project(Component[Outputs]):
    """Who has a namespace."""


def program(*names: str, thresholds: Thresholds | None = None) -> Any:
    """Projects that are watched."""

    def register(opts: pulumi.ResourceOptions) -> None:
        for name in names:
            owner = Project(name, Spec(), opts)
            home = pulumi.CustomResource("kubernetes:core/v1:Namespace", name, {}, owner.child)
            watch_project(owner, name, namespace=f"project-{name}", port=8080, thresholds=thresholds, depends_on=[home])

    return register


def objects(thresholds: Thresholds | None = None) -> dict[str, RecordedResource]:
    """What is made for one project, by kind."""
    return {item.type.rpartition(":")[2]: item for item in deploy(program("churn", thresholds=thresholds)).managed}


def alerts(thresholds: Thresholds | None = None) -> dict[str, dict[str, Any]]:
    """The rules by name."""
    (group,) = objects(thresholds)["PrometheusRule"].inputs["spec"]["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def dashboard() -> dict[str, Any]:
    """What Grafana shows."""
    (text,) = objects()["ConfigMap"].inputs["data"].values()
    return json.loads(text)


def expressions() -> list[str]:
    """Everything that Prometheus is asked."""
    shown = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [*shown, *(rule["expr"] for rule in alerts().values())]


def test_everything_is_in_the_project_s_namespace() -> None:
    """Where Prometheus and Grafana find it, after the namespace."""
    found = objects()
    home = found.pop("Namespace")

    assert {"ConfigMap", "NetworkPolicy", "PodMonitor", "PrometheusRule"} == set(found)
    assert {HOME} == {item.inputs["metadata"]["namespace"] for item in found.values()}
    assert all(home.urn in item.dependencies for item in found.values())


def test_the_pods_of_models_are_asked() -> None:
    """Those that carry a model, whoever else is in the namespace; samples say which model."""
    spec = objects()["PodMonitor"].inputs["spec"]

    assert [{"key": MODEL_LABEL, "operator": "Exists"}] == spec["selector"]["matchExpressions"]
    assert [MODEL_LABEL] == spec["podTargetLabels"]
    assert ["/metrics"] == [endpoint["path"] for endpoint in spec["podMetricsEndpoints"]]


def test_prometheus_gets_through_the_fence() -> None:
    """From its own namespace to the port of models, and nothing more."""
    (rule,) = objects()["NetworkPolicy"].inputs["spec"]["ingress"]

    assert {"kubernetes.io/metadata.name": NAMESPACE} == rule["from"][0]["namespaceSelector"]["matchLabels"]
    assert [{"protocol": "TCP", "port": 8080}] == rule["ports"]


def test_people_are_told_of_what_clients_notice() -> None:
    """Errors, slow answers, nothing ready, a full quota, and predictions that monitoring will miss."""
    found = alerts()

    assert {"ModelErrors", "ModelNotReady", "ModelSlow", "PredictionsNotLogged", "QuotaNearlyUsed"} == set(found)
    assert {"ModelNotReady"} == {name for name, rule in found.items() if rule["labels"]["severity"] == "critical"}
    assert all(rule["for"] and "churn: " in rule["annotations"]["summary"] for rule in found.values())


@pytest.mark.parametrize("expression", expressions())
def test_questions_are_about_the_project_only(expression: str) -> None:
    """Each metric is of its namespace: another project's errors wake nobody here."""
    for metric, chosen in re.findall(r"\b(\w+)\{([^}]*)\}", expression):
        assert f'namespace="{HOME}"' in chosen.split(","), metric
    assert expression.count("(") == expression.count(")")


def test_questions_are_about_what_servers_count() -> None:
    """Every metric is one that the server of the template has, or one of Kubernetes' objects."""
    made = re.findall(r'(Counter|Gauge|Histogram)\(\s*"(\w+)"', SERVER.read_text(encoding="utf-8"))
    names = {name + {"Counter": "_total", "Histogram": "_bucket", "Gauge": ""}[kind] for kind, name in made}
    asked = {metric for expression in expressions() for metric in re.findall(r"\b(\w+)\{", expression)}

    assert asked <= names | RECORDED_BY_KUBERNETES
    assert names <= asked


@pytest.mark.parametrize(
    ("alert", "thresholds", "end"),
    [
        ("ModelErrors", Thresholds(), "> 0.05"),
        ("ModelErrors", Thresholds(errors_percent=0.5), "> 0.005"),
        ("ModelSlow", Thresholds(latency_ms=250), "> 0.25"),
        ("QuotaNearlyUsed", Thresholds(quota_percent=75), "> 0.75"),
    ],
)
def test_thresholds_are_what_people_say(alert: str, thresholds: Thresholds, end: str) -> None:
    """In the units of the metrics."""
    assert alerts(thresholds)[alert]["expr"].endswith(end)


def test_the_dashboard_is_found_and_stays() -> None:
    """By its label; its identity is the project's, so that links to it live as long."""
    config = objects()["ConfigMap"].inputs

    assert {DASHBOARD_LABEL: "1"} == config["metadata"]["labels"]
    assert ("project-churn", "Project churn") == (dashboard()["uid"], dashboard()["title"])
    assert [f"{HOME}.json"] == list(config["data"])


def test_no_panel_lies_on_another() -> None:
    """Two in a row, each with an id of its own."""
    panels = dashboard()["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]

    assert len(set(places)) == len(panels) == len({panel["id"] for panel in panels})
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_published_schemas_take_every_object() -> None:
    """Field by field, as the definitions of the operator say."""
    custom = [item for kind, item in objects().items() if kind in {"PodMonitor", "PrometheusRule"}]

    assert [] == [(item.name, told) for item in custom for told in wrong(item.type, dict(item.inputs))]


def test_projects_do_not_meet() -> None:
    """Two of them in one program have no name in common."""
    found = deploy(program("churn", "fraud")).resources

    assert len(graph_of(found, project="stackwright", stack="dev").resources) == len(found) - 1
