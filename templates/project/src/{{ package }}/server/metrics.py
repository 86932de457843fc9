"""What a server counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from .prediction_log import PredictionLog

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0)


class Metrics:
    """The counters of one server; `model` and `digest` are labels of `model_info` alone."""

    def __init__(self, model: str, digest: str) -> None:
        self._registry = CollectorRegistry()
        requests = Counter("requests", "Requests answered, by status.", ["status"], registry=self._registry)
        self._answered = {status: requests.labels(str(status)) for status in (200, 400, 404, 405, 413, 500)}
        self.rows = Counter("rows", "Rows scored.", registry=self._registry)
        self.seconds = Histogram("infer_seconds", "Time to answer.", buckets=BUCKETS, registry=self._registry)
        self._unlogged = Gauge("prediction_log_dropped", "Requests that were not logged.", registry=self._registry)
        self._pending = Gauge(
            "prediction_log_pending_bytes", "What waits to be uploaded of the log.", registry=self._registry
        )
        self._dropped = 0
        self._dropped_rows = Counter(
            "prediction_log_dropped_rows", "Logged rows dropped before their upload.", registry=self._registry
        )
        info = Gauge("model_info", "What is served.", ["model", "digest"], registry=self._registry)
        info.labels(model, digest).set(1)

    def answered(self, status: int) -> None:
        """Count one answer."""
        self._answered[status].inc()

    def logged(self, log: PredictionLog) -> None:
        """Take over what the log counts."""
        self._unlogged.set(log.dropped)
        self._pending.set(log.lines.pending_bytes)
        dropped = log.lines.dropped_rows
        self._dropped_rows.inc(dropped - self._dropped)
        self._dropped = dropped

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)
