"""Monitor one package in one environment: read, compare, decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from components.errors import UserError
from pipelines.monitor.decision import decide, judge
from pipelines.monitor.drift import compare
from pipelines.monitor.labels import Labels, read_labels
from pipelines.monitor.policy import ModelMonitorPolicy
from pipelines.monitor.predictions import Prediction, PredictionLog, read_predictions
from pipelines.monitor.reference import LABEL, Reference, hits, read_reference, read_signature
from pipelines.monitor.results import MonitorResult, Quality, Window


def monitor(
    *,
    reference: Path,
    signature: Path | None,
    predictions: Path,
    labels: Path,
    digest: str,
    policy: ModelMonitorPolicy,
    now: datetime | None = None,
) -> MonitorResult:
    """Compare what a package is asked and answers with its reference rows, and decide what to do.

    Args:
        reference: `reference.csv` of the package.
        signature: `signature.json` of the package; without it types are told from the reference.
        predictions: Folder of the model's prediction logs, `*.jsonl`; a missing one holds none.
        labels: Folder of the model's labels, `*.csv`; a missing one holds none.
        digest: Package that the environment runs; predictions of others are passed over.
        policy: What the project asks for.
        now: Time to record; the present by default.

    Raises:
        UserError: An input cannot be read or is malformed; every problem names file and line.
    """
    base = read_reference(reference, read_signature(signature))
    if policy.quality and base.correct is None:
        raise UserError(
            f"{reference}: {LABEL}: no labels, but the policy asks for quality; package them, or drop `quality`"
        )
    known = read_labels(labels) if policy.quality else Labels()
    log = read_predictions(predictions, digest, known, policy.window.rows * policy.votes.of)
    windows = [_window(part, base, policy) for part in cut(log.newest, policy.window.rows, policy.min_rows)]
    quality = _quality(base, log, policy)
    verdict, reasons = decide(windows, quality, log.rows, len(log.labelled), policy)
    return MonitorResult(
        verdict=verdict,
        reasons=reasons,
        notes=log.notes,
        digest=digest,
        time=now or datetime.now(UTC),
        policy=policy,
        reference_rows=base.rows,
        rows=log.rows,
        labels=len(log.labelled),
        windows=windows,
        quality=quality,
    )


def cut(newest_first: Sequence[Prediction], rows: int, least: int) -> Iterator[Sequence[Prediction]]:
    """Cut predictions into windows from the newest on; a last one of fewer than `least` rows is left out."""
    for start in range(0, len(newest_first), rows):
        part = newest_first[start : start + rows]
        if len(part) >= least:
            yield part


def _window(part: Sequence[Prediction], base: Reference, policy: ModelMonitorPolicy) -> Window:
    return Window(
        first=part[-1].time,
        last=part[0].time,
        rows=len(part),
        columns=compare(base.columns, base.window(part), policy.drift),
    )


def _quality(base: Reference, log: PredictionLog, policy: ModelMonitorPolicy) -> Quality | None:
    current = hits(log.labelled)
    if policy.quality is None or base.correct is None or current is None or current[1] < policy.quality.min_labels:
        return None
    return judge(base.correct, current, policy.drift.confidence)
