"""Run a project's own scoring command, and measure candidate against champion on the same rows."""

from __future__ import annotations

import csv
import math
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from components.errors import Blocked, UserError
from pipelines.job_tokens import variables_without_tokens
from pipelines.release.gate import Measurements, ModelGate, Paired, SlicePair
from pipelines.release.metrics import goodness, measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from pipelines.release.metrics import Floats
    from pipelines.release.package import Package

COLUMNS = ["key", "label", "prediction", "score"]


@dataclass(frozen=True)
class Scored:
    """What the scoring command says of one package: one value per row (n,)."""

    keys: list[str]
    label: Floats
    prediction: Floats
    score: Floats
    slices: dict[str, list[str]]
    seconds: float

    def metrics(self, names: Sequence[str]) -> dict[str, float]:
        """Measure each named metric."""
        return {name: measure(name, self.label, self.prediction, self.score) for name in names}


def score(command: Sequence[str], root: Path, package: Path, rows: Path, output: Path) -> Scored:
    """Run the scoring command on a package and rows, without the tokens of the job, and read what it wrote."""
    arguments = ["--package", str(package), "--rows", str(rows), "--output", str(output)]
    started = time.monotonic()
    try:
        done = subprocess.run(
            [*command, *arguments],
            cwd=root,
            env=variables_without_tokens(),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise UserError(f".stackwright.yaml: score: `{command[0]}` cannot be run: {error.strerror}") from error
    seconds = time.monotonic() - started
    if done.returncode:
        raise UserError(f".stackwright.yaml: score: failed with {done.returncode}: {_tail(done.stderr)}")
    if not output.is_file():
        raise UserError(f".stackwright.yaml: score: `{command[0]}` wrote nothing to --output")
    return read_scores(output, seconds)


def read_scores(path: Path, seconds: float = 0.0) -> Scored:
    """Read scoring output; a value that is missing or not finite blocks."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        header = list(reader.fieldnames or [])
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise Blocked(f"scores: no column {', '.join(missing)}; the header is {','.join(header) or 'empty'}")
        rows = list(reader)
    keys = [row["key"] for row in rows]
    problems = list(_problems(rows, keys))
    if problems:
        raise Blocked(problems[:20])
    numbers = {name: np.array([float(row[name]) for row in rows]) for name in COLUMNS[1:]}
    slices = {name: [row[name] for row in rows] for name in header if name not in COLUMNS}
    return Scored(keys=keys, slices=slices, seconds=seconds, **numbers)


def _problems(rows: list[dict[str, str]], keys: list[str]) -> Iterator[str]:
    if not rows:
        yield "scores: no rows; the gate needs rows to judge by"
    if len(set(keys)) != len(keys):
        yield "scores: keys are not unique; each row needs a key of its own"
    for row in rows:
        for name in COLUMNS[1:]:
            if not _finite(row[name]):
                yield f"scores: row {row['key']}: {name}: `{row[name]}` is not a finite number"


def _finite(text: str | None) -> bool:
    try:
        return math.isfinite(float(text or ""))
    except ValueError:
        return False


def compare(policy: ModelGate, candidate: Scored, champion: Scored | None, package: Package) -> Measurements:
    """Turn the scores of candidate and champion into all that a decision rests on."""
    wanted = sorted({policy.primary.metric, *(floor.metric for floor in policy.floors)})
    if champion is not None:
        _same_rows(candidate, champion)
    scores = {
        "candidate": candidate.metrics(wanted),
        "champion": champion.metrics(wanted) if champion else None,
        "baseline": _dummy(candidate).metrics([policy.primary.metric]),
    }
    _finite_only(scores)
    return Measurements.model_validate(
        {
            **scores,
            "rows": len(candidate.keys),
            "paired": _paired(policy, candidate, champion, np.arange(len(candidate.keys))) if champion else None,
            "slices": list(_slice_pairs(policy, candidate, champion)) if champion else [],
            "package_mib": package.size_bytes / 2**20,
            "score_milliseconds_per_row": 1000 * candidate.seconds / len(candidate.keys),
        }
    )


def _finite_only(scores: dict[str, dict[str, float] | None]) -> None:
    bad = [
        f"gate: {who}: {metric}: `{number}` is not a finite number"
        for who, measured in scores.items()
        for metric, number in (measured or {}).items()
        if not math.isfinite(number)
    ]
    if bad:
        raise Blocked(bad)


def _same_rows(candidate: Scored, champion: Scored) -> None:
    if candidate.keys != champion.keys or not np.array_equal(candidate.label, champion.label):
        raise Blocked("scores: candidate and champion were not scored on the same rows and labels")


def _dummy(scored: Scored) -> Scored:
    values, counts = np.unique(scored.label, return_counts=True)
    usual = np.full(len(scored.keys), values[counts.argmax()])
    frequency = np.full(len(scored.keys), float((scored.label == 1).mean()))
    return Scored(scored.keys, scored.label, usual, frequency, {}, 0.0)


def _paired(policy: ModelGate, candidate: Scored, champion: Scored, chosen: NDArray[np.intp]) -> Paired:
    def good(of: Scored) -> Floats:
        return goodness(policy.primary.metric, of.label, of.prediction, of.score)[chosen]

    difference = good(candidate) - good(champion)
    return Paired(
        rows=len(chosen),
        mean=float(difference.mean()),
        variance=float(difference.var()),
        better=int((difference > 0).sum()),
        worse=int((difference < 0).sum()),
    )


def _slice_pairs(policy: ModelGate, candidate: Scored, champion: Scored) -> Iterator[SlicePair]:
    for column in policy.slices.columns if policy.slices else []:
        if column not in candidate.slices:
            has = ", ".join(candidate.slices) or "none"
            raise Blocked(f"policies/gate.yaml: slices.columns: `{column}` is not in the scoring output; it has {has}")
        values = np.array(candidate.slices[column])
        for value in sorted(set(values.tolist())):
            chosen = np.flatnonzero(values == value)
            paired = _paired(policy, candidate, champion, chosen)
            yield SlicePair(column=column, value=value, paired=paired)


def _tail(text: str) -> str:
    lines = text.strip().splitlines()
    return " | ".join(lines[-3:]) if lines else "it said nothing"
