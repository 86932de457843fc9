"""What people are told of the served models of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from components.monitoring.contract import Thresholds

MODEL = "stackwright_model"
"""Label of a series: the model, as pods say it."""


def rules(project: str, namespace: str, thresholds: Thresholds) -> list[dict[str, Any]]:
    """Return the alert rules of a project.

    Args:
        project: Its name.
        namespace: Where its models are served.
        thresholds: When people are told.
    """
    here = f'namespace="{namespace}"'
    failed = f'{here},status=~"5.."'
    model = f"{{{{ $labels.{MODEL} }}}}"
    return [
        _alert(
            "ModelErrors",
            f"{_rate(failed)} / {_rate(here)} > {_share(thresholds.errors_percent)}",
            minutes=10,
            summary=f"{project}: more than {thresholds.errors_percent} % of the requests to {model} fail",
        ),
        _alert(
            "ModelSlow",
            f"{latency(namespace, 0.95)} > {thresholds.latency_ms / 1000:g}",
            minutes=10,
            summary=f"{project}: one of twenty answers of {model} takes longer than {thresholds.latency_ms} ms",
        ),
        _alert(
            "ModelNotReady",
            f"kube_deployment_status_replicas_available{{{here}}} == 0 and kube_deployment_spec_replicas{{{here}}} > 0",
            minutes=5,
            severity="critical",
            summary=f"{project}: no copy of {{{{ $labels.deployment }}}} is ready",
        ),
        _alert(
            "PredictionsNotLogged",
            f"sum by ({MODEL}) (delta(prediction_log_dropped{{{here}}}[15m])) > 0"
            f" or sum by ({MODEL}) (increase(prediction_log_dropped_rows_total{{{here}}}[15m])) > 0"
            f" or sum by ({MODEL}) (min_over_time(prediction_log_pending_bytes{{{here}}}[30m])) > 0",
            minutes=15,
            summary=f"{project}: predictions of {model} are not logged; drift is judged without them",
        ),
        _alert(
            "QuotaNearlyUsed",
            f'kube_resourcequota{{{here},type="used"}} / ignoring(type) '
            f'(kube_resourcequota{{{here},type="hard"}} > 0) > {_share(thresholds.quota_percent)}',
            minutes=30,
            summary=f"{project}: more than {thresholds.quota_percent} % of the quota of "
            "{{ $labels.resource }} is used; new copies may be refused",
        ),
    ]


def _share(percent: float) -> str:
    return f"{percent / 100:g}"


def requests(namespace: str) -> str:
    """Return the requests of each model in a second, by status."""
    return f'sum by ({MODEL}, status) (rate(requests_total{{namespace="{namespace}"}}[5m]))'


def latency(namespace: str, quantile: float) -> str:
    """Return the time in which a share of the requests to each model is answered, in seconds."""
    buckets = f'rate(infer_seconds_bucket{{namespace="{namespace}"}}[5m])'
    return f"histogram_quantile({quantile:g}, sum by (le, {MODEL}) ({buckets}))"


def _rate(chosen: str) -> str:
    return f"sum by ({MODEL}) (rate(requests_total{{{chosen}}}[5m]))"


def _alert(name: str, expression: str, *, minutes: int, summary: str, severity: str = "warning") -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": f"{minutes}m",
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }
