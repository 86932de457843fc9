"""What every monitoring flavor promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output

NAMESPACE = "monitoring"
"""Where Prometheus, Alertmanager and Grafana run, and whence Prometheus asks served models."""

CHART = "kube-prometheus-stack"
"""What `prometheus` installs."""

DASHBOARD_LABEL = "grafana_dashboard"
"""Label of the ConfigMaps, of any namespace, that Grafana shows as dashboards; its value is `1`."""


class MonitoringSection(Document):
    """Where predictions are logged and labels arrive."""

    flavor: Literal["folder", "s3"]
    """`folder` on one machine, `s3` in the artifact store of the environment."""
    predictions_uri: str = Field(pattern=r"^(file:///|s3://)\S+[^/]$")
    """Folder or prefix of prediction logs, one below it for a model."""
    labels_uri: str = Field(pattern=r"^(file:///|s3://)\S+[^/]$")
    """Folder or prefix of labels (`request_id,row,label`), one below it for a model."""


class ClusterMonitoringSection(Document):
    """What watches the pods of an environment, and tells people."""

    prometheus_url: str = Field(pattern=r"^http://[^/\s]+$")
    """Address of Prometheus inside of the cluster."""
    dashboards_url: str = Field(pattern=r"^https://[^/\s]+$")
    """Address of Grafana, for people."""


class Thresholds(Document):
    """When people are told of a project's served models."""

    errors_percent: float = Field(default=5.0, gt=0, le=100)
    """Share of requests that fail, for ten minutes."""
    latency_ms: int = Field(default=500, ge=1, le=1000)
    """Time in which 95 of 100 requests are answered, for ten minutes; servers tell no times above one second apart."""
    quota_percent: int = Field(default=90, ge=1, le=100)
    """Share of the project's quota that is used, for half an hour."""


@dataclass(frozen=True, kw_only=True)
class MonitoringOutputs(Outputs):
    """What every monitoring of a cluster promises: monitors, rules and dashboards of any namespace are found."""

    prometheus_url: Output[str]
    """Address of Prometheus inside of the cluster: `http://…:9090`."""
    dashboards_url: Output[str]
    """Address of Grafana, for people: `https://grafana.dev.ml.acme.example`."""


class PrometheusSpec(Spec[MonitoringOutputs]):
    """Prometheus, Alertmanager and Grafana in the cluster, by their operator."""

    flavor: Literal["prometheus"] = "prometheus"
    retention_days: int = Field(default=15, ge=1, le=365)
    """Days that samples are kept, as long as they fit."""
    storage_gib: int = Field(default=50, ge=5, le=10_000)
    """Room for samples on the volume of each Prometheus, in GiB. It can grow where the StorageClass lets it."""
    memory_mib: int = Field(default=2048, ge=512, le=524_288)
    """Memory of each Prometheus, in MiB; a few KiB for each series that it watches."""


MonitoringSpec = PrometheusSpec
"""Monitoring of any flavor."""
