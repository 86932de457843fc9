"""What differs from the defaults of the chart; every key is held against it by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.cluster_services.values import Values, resources
from components.monitoring.contract import CHART, DASHBOARD_LABEL

if TYPE_CHECKING:
    from pulumi import Output

    from components.base import Place
    from components.monitoring.contract import PrometheusSpec

PROMETHEUS = f"{CHART}-prometheus"
ADMIN = "grafana-admin"

_SECRETS = "/etc/alertmanager/secrets"
_IN_CLUSTER = "kubernetes:///"

_SOMEBODY_ELSES = ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler", "nodeExporter")
"""Parts of a cluster that its owner watches; many clusters show nothing of them."""

_THEIR_RULES = (
    "etcd",
    "kubeControllerManager",
    "kubeProxy",
    "kubeSchedulerAlerting",
    "kubeSchedulerRecording",
    "node",
    "nodeExporterAlerting",
    "nodeExporterRecording",
)

_KINDS = ("podMonitor", "probe", "rule", "scrapeConfig", "serviceMonitor")
"""What Prometheus looks for; unless told otherwise it takes only what the chart itself has made."""


def values(
    spec: PrometheusSpec, place: Place, storage_class: Output[str], grafana: Output[str], channel: Output[str]
) -> Values:
    """Return the values of the chart.

    Args:
        spec: What a person wrote.
        place: In `dev` there is one of each.
        storage_class: Of the volumes of samples.
        grafana: Name by which people call Grafana.
        channel: Who is told.
    """
    count = 1 if place.disposable else 2
    return {
        **{part: {"enabled": False} for part in _SOMEBODY_ELSES},
        "defaultRules": {"rules": dict.fromkeys(_THEIR_RULES, False)},
        "prometheus": _prometheus(spec, count, storage_class),
        "alertmanager": _alertmanager(count, channel),
        "prometheusOperator": _operator(),
        "kube-state-metrics": {"resources": resources("20m", "256Mi")},
        "grafana": _grafana(grafana),
    }


def _prometheus(spec: PrometheusSpec, count: int, storage_class: Output[str]) -> Values:
    memory = f"{spec.memory_mib}Mi"
    claim = {
        "storageClassName": storage_class,
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": f"{spec.storage_gib}Gi"}},
    }
    return {
        "podDisruptionBudget": {"enabled": count > 1},
        "prometheusSpec": {
            **{f"{kind}SelectorNilUsesHelmValues": False for kind in _KINDS},
            "replicas": count,
            "retention": f"{spec.retention_days}d",
            "retentionSize": f"{spec.storage_gib * 9 // 10}GiB",
            "resources": resources("200m", memory),
            "storageSpec": {"volumeClaimTemplate": {"spec": claim}},
        },
    }


def _operator() -> Values:
    return {
        "resources": resources("50m", "256Mi"),
        "prometheusConfigReloader": {"resources": resources("10m", "64Mi")},
        "admissionWebhooks": {"patch": {"resources": resources("10m", "64Mi")}},
    }


def _grafana(host: Output[str]) -> Values:
    """Dashboards are ConfigMaps; what people change by hand is gone with the pod."""
    return {
        "admin": {"existingSecret": ADMIN, "userKey": "user", "passwordKey": "password"},
        "grafana.ini": {
            "server": {"root_url": host.apply(lambda name: f"https://{name}")},
            "analytics": {"reporting_enabled": False, "check_for_updates": False, "check_for_plugin_updates": False},
        },
        "resources": resources("50m", "512Mi"),
        "testFramework": {"enabled": False},
        "sidecar": {
            "resources": resources("10m", "192Mi"),
            "dashboards": {"enabled": True, "label": DASHBOARD_LABEL, "labelValue": "1", "searchNamespace": "ALL"},
        },
    }


def _alertmanager(count: int, channel: Output[str]) -> Values:
    return {
        "podDisruptionBudget": {"enabled": count > 1},
        "config": channel.apply(configuration),
        "alertmanagerSpec": {
            "replicas": count,
            "resources": resources("20m", "128Mi"),
            "secrets": channel.apply(mounted),
        },
    }


def mounted(channel: str) -> list[str]:
    """Return the Secrets that Alertmanager reads: the one with the address, if it is in one."""
    return [channel.removeprefix(_IN_CLUSTER).partition("#")[0].rpartition("/")[2]] if _in_secret(channel) else []


def configuration(channel: str) -> dict[str, Any]:
    """Return what Alertmanager does: one message for what goes wrong together, and none for its own heartbeat."""
    hook = {"url_file": f"{_SECRETS}/{mounted(channel)[0]}/url"} if _in_secret(channel) else {"url": channel}
    quiet = {"receiver": "nobody", "matchers": ['alertname =~ "InfoInhibitor|Watchdog"']}
    return {
        "route": {
            "receiver": "people",
            "group_by": ["namespace", "alertname"],
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": [quiet],
        },
        "receivers": [
            {"name": "nobody"},
            {"name": "people", "webhook_configs": [{**hook, "send_resolved": True}]},
        ],
    }


def _in_secret(channel: str) -> bool:
    return channel.startswith(_IN_CLUSTER)
