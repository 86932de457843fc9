"""The dashboard of a project, as data."""

from __future__ import annotations

from typing import Any

from components.monitoring.rules import MODEL, latency, requests

WIDTH, HEIGHT = 12, 8
"""Of a panel: two in a row of Grafana's 24 columns."""


def dashboard(project: str, namespace: str) -> dict[str, Any]:
    """Return what Grafana shows of a project's served models; it asks its default source, which is Prometheus.

    Args:
        project: Its name; the identity of the dashboard comes from it, so that links stay.
        namespace: Where its models are served.
    """
    here = f'namespace="{namespace}"'
    used = f'kube_resourcequota{{{here},type="used"}} / ignoring(type) (kube_resourcequota{{{here},type="hard"}} > 0)'
    panels = [
        _panel("Requests", "reqps", requests(namespace), f"{{{{{MODEL}}}}} {{{{status}}}}"),
        _panel("Time for 95 of 100 answers", "s", latency(namespace, 0.95), f"{{{{{MODEL}}}}}"),
        _panel("Rows scored", "rowsps", _by_model("rows_total", here), f"{{{{{MODEL}}}}}"),
        _panel("Requests that are not logged", "short", _by_model("prediction_log_dropped", here), f"{{{{{MODEL}}}}}"),
        _panel("Ready copies", "short", f"kube_deployment_status_replicas_available{{{here}}}", "{{deployment}}"),
        _panel("Quota used", "percentunit", used, "{{resource}}"),
        _panel("What is served", "short", f"count by (model, digest) (model_info{{{here}}})", "{{model}} {{digest}}"),
    ]
    return {
        "uid": f"project-{project}"[:40],
        "title": f"Project {project}",
        "tags": ["stackwright"],
        "editable": False,
        "refresh": "1m",
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "panels": [_placed(panel, position) for position, panel in enumerate(panels)],
    }


def _by_model(metric: str, chosen: str) -> str:
    counted = f"{metric}{{{chosen}}}"
    return f"sum by ({MODEL}) ({f'rate({counted}[5m])' if metric.endswith('_total') else counted})"


def _panel(title: str, unit: str, expression: str, legend: str) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "expr": expression, "legendFormat": legend}],
    }


def _placed(panel: dict[str, Any], position: int) -> dict[str, Any]:
    row, column = divmod(position, 2)
    return {**panel, "id": position + 1, "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT}}
