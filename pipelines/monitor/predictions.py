"""Prediction logs and the labels that arrive later: read line by line, in bounded memory.

A server killed in the middle of a line leaves a torn last line: it is left out and counted. Everything else that is
malformed is an error that names file and line, because a log that nobody can read must not look like calm.
"""

from __future__ import annotations

import heapq
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias, cast

from components.errors import UserError
from pipelines.monitor.labels import Key, Labels, answer

Value: TypeAlias = float | str | bool | None

LONGEST_LINE = 1 << 20
"""Bytes; a longer line is not a prediction."""
MOST_PROBLEMS = 20
"""Problems after which reading stops."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row that the model answered."""

    time: datetime
    request_id: str
    row: int
    features: Mapping[str, Value]
    prediction: Value
    score: Value

    @property
    def key(self) -> Key:
        """What labels are joined by."""
        return self.request_id, self.row


@dataclass
class PredictionLog:
    """What is kept of the prediction log of one package."""

    rows: int = 0
    """Predictions of the package, duplicates left out as far as memory reaches."""
    newest: list[Prediction] = field(default_factory=list[Prediction])
    """The newest predictions, newest first."""
    labelled: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """Prediction and label of the newest labelled predictions, as comparable text, newest first."""
    notes: list[str] = field(default_factory=list[str])
    """What was left out, in sentences."""


class _Newest:
    """The `most` newest predictions seen so far, each once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, str, int, int, Prediction]] = []
        self._held: set[tuple[float, str, int]] = set()
        self._added = 0

    def add(self, prediction: Prediction) -> bool:
        """Keep a prediction if it is new enough; `False` when it is held already."""
        identity = (prediction.time.timestamp(), *prediction.key)
        if identity in self._held:
            return False
        self._added += 1
        entry = (*identity, self._added, prediction)
        self._held.add(identity)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            self._held.discard(heapq.heappushpop(self._heap, entry)[:3])
        return True

    def newest_first(self) -> list[Prediction]:
        return [entry[-1] for entry in sorted(self._heap, reverse=True)]


def read_predictions(folder: Path, digest: str, labels: Labels, most: int) -> PredictionLog:
    """Read `*.jsonl` in a folder and keep the `most` newest predictions of a package, and the `most` newest labelled.

    Args:
        folder: Prediction log of one model, one file for each server; a missing folder holds no predictions.
        digest: Package whose predictions are wanted; those of others are passed over.
        labels: Labels to join by request id and row.
        most: How many to keep in memory of each.

    Raises:
        UserError: A file cannot be read, or a line other than a torn last one is malformed.
    """
    newest, labelled = _Newest(most), _Newest(most)
    problems: list[str] = []
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob("*.jsonl")):
        for line, where in _lines(path, counts):
            try:
                prediction = _parse(line, where, digest)
            except UserError as error:
                problems += error.problems
                _stop_at(problems)
                continue
            if prediction is not None:
                counts["rows"] += newest.add(prediction)
                if prediction.key in labels.values:
                    labelled.add(prediction)
                counts["seen"] += 1
    if problems:
        raise UserError(problems)
    return _log(newest, labelled, labels, counts)


def _log(newest: _Newest, labelled: _Newest, labels: Labels, counts: Counter[str]) -> PredictionLog:
    joined = labelled.newest_first()
    uses = Counter(prediction.key for prediction in joined)
    clear = [prediction for prediction in joined if uses[prediction.key] == 1]
    notes = [
        (counts["torn"], "torn last lines left out, of servers killed while they wrote"),
        (counts["seen"] - counts["rows"], "duplicate predictions left out"),
        (len(joined) - len(clear), "labelled predictions not judged, because their request id was used twice"),
        *labels.notes,
    ]
    return PredictionLog(
        rows=counts["rows"],
        newest=newest.newest_first(),
        labelled=[(answer(prediction.prediction), labels.values[prediction.key]) for prediction in clear],
        notes=[f"{text}: {number}" for number, text in notes if number],
    )


def _stop_at(problems: list[str]) -> None:
    if len(problems) >= MOST_PROBLEMS:
        raise UserError(problems)


def _lines(path: Path, counts: Counter[str]) -> Iterator[tuple[bytes, str]]:
    """Yield each line with its place; pass over a torn last one."""
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                where = f"{path}:{number}"
                if len(line) > LONGEST_LINE:
                    raise UserError(f"{where}: longer than {LONGEST_LINE} bytes; this is no prediction log")
                if not line.endswith(b"\n") and not _whole(line):
                    counts["torn"] += 1
                elif line.strip():
                    yield line, where
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error


def _whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _parse(line: bytes, where: str, digest: str) -> Prediction | None:
    """Turn a line into a prediction; `None` when another package made it."""
    try:
        value: Any = json.loads(line, parse_constant=_missing)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not JSON: {error}; mend or remove the line") from error
    if not isinstance(value, dict):
        raise UserError(f"{where}: expected a prediction, found `{value!r:.40}`")
    fields = cast("dict[str, Any]", value)
    _check(fields, where)
    if fields["digest"] != digest:
        return None
    return Prediction(
        _time(fields["time"], where),
        fields["request_id"],
        fields["row"],
        fields["features"],
        fields["prediction"],
        fields.get("score"),
    )


def _missing(_: str) -> None:
    """Read NaN and Infinity, which JSON does not have, as missing."""


_WANTED: dict[str, tuple[type | tuple[type, ...], str]] = {
    "time": (str, "text"),
    "request_id": (str, "text"),
    "row": (int, "a whole number"),
    "digest": (str, "text"),
    "features": (dict, "a mapping"),
    "prediction": ((str, int, float, bool, type(None)), "one value"),
}


def _check(fields: dict[str, Any], where: str) -> None:
    for name, (kind, words) in _WANTED.items():
        if name not in fields:
            raise UserError(f"{where}: {name}: missing; every prediction has {', '.join(_WANTED)}")
        if not isinstance(fields[name], kind) or (name == "row" and isinstance(fields[name], bool)):
            raise UserError(f"{where}: {name}: `{fields[name]!r:.40}` is not {words}")


def _time(text: str, where: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{where}: time: `{text!r:.40}` is not a time like 2026-11-21T07:52:35.123Z") from error
    if time.tzinfo is None:
        raise UserError(f"{where}: time: `{text!r}` has no zone; write it like 2026-11-21T07:52:35.123Z")
    return time


def number(value: object) -> float:
    """Return a value as a number; whatever is none, or not finite, is NaN: missing."""
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return float(value.lower() == "true")
    try:
        as_float = float(cast("Any", value))
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return as_float if math.isfinite(as_float) else math.nan
