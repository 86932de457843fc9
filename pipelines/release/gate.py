"""The gate: may a candidate be pinned? Pure decisions; every one carries its reasons."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal, Self

from pydantic import Field, FiniteFloat, model_validator

from components.base import Document
from pipelines.release.metrics import DIRECTIONS, Loss, Metric

Verdict = Literal["pass", "insufficient_data", "fail"]


class _Directed(Document):
    direction: Literal["higher", "lower"]
    """Which way is better; stated, so that a reader need not know the metric."""

    @model_validator(mode="after")
    def _direction_is_the_metrics(self) -> Self:
        metric = getattr(self, "metric", "")
        if self.direction != DIRECTIONS[metric]:
            raise ValueError(f"{metric} is better when {DIRECTIONS[metric]}")
        return self


class Primary(_Directed):
    """Non-inferiority to the champion on one metric, row by row."""

    metric: Loss
    margin: float = Field(gt=0, lt=1)
    """How much worse than the champion is still equal, in units of the metric."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """One-sided confidence of the lower bound."""
    power: float = Field(default=0.8, gt=0.5, lt=1)
    """Chance that an equal candidate passes at the number of rows asked for."""
    min_rows: int = Field(default=500, ge=30)
    """Fewer rows never decide."""


class Floor(_Directed):
    """An absolute bound on one metric."""

    metric: Metric
    bound: FiniteFloat


class Slices(Document):
    """Non-inferiority within each value of some columns of the scoring output."""

    columns: list[str] = Field(min_length=1)
    margin: float = Field(gt=0, lt=1)
    min_rows: int = Field(default=200, ge=30)
    """Slices with fewer rows are listed, and not judged."""


class Budgets(Document):
    """What a package may cost."""

    package_mib: FiniteFloat = Field(gt=0)
    score_milliseconds_per_row: FiniteFloat = Field(gt=0)
    """Of the scoring command, its start-up included."""


class ModelGate(Document):
    """The rules of one model; a gate without a rule does not exist."""

    primary: Primary
    floors: list[Floor] = Field(min_length=1)
    slices: Slices | None = None
    budgets: Budgets


class GatePolicy(Document):
    """`policies/gate.yaml`."""

    models: dict[str, ModelGate] = Field(min_length=1)


class Paired(Document):
    """Candidate minus champion, row by row; positive is better."""

    rows: int = Field(ge=1)
    mean: FiniteFloat
    variance: FiniteFloat = Field(ge=0)
    better: int = Field(ge=0)
    """Rows on which the candidate does better."""
    worse: int = Field(ge=0)
    """Rows on which it does worse."""


class SlicePair(Document):
    """One slice's comparison."""

    column: str
    value: str
    paired: Paired


class Measurements(Document):
    """All that a decision rests on."""

    rows: int = Field(ge=1)
    candidate: dict[str, FiniteFloat]
    champion: dict[str, FiniteFloat] | None
    """None when nothing is pinned yet."""
    baseline: dict[str, FiniteFloat]
    """Of the dummy that always predicts the most frequent label, with its frequency as score."""
    paired: Paired | None
    slices: list[SlicePair]
    package_mib: FiniteFloat = Field(ge=0)
    score_milliseconds_per_row: FiniteFloat = Field(ge=0)

    @model_validator(mode="after")
    def _compared_with_the_champion(self) -> Self:
        if (self.champion is None) != (self.paired is None):
            raise ValueError("champion and paired are both there, or neither")
        return self


class Finding(Document):
    """What one rule says."""

    rule: str
    verdict: Verdict
    reason: str


class Decision(Document):
    """What the gate says, and why."""

    verdict: Verdict
    findings: list[Finding]

    @property
    def reasons(self) -> list[str]:
        """The sentences of the rules that block; of all rules when none does."""
        blocking = [item for item in self.findings if item.verdict != "pass"]
        return [f"{item.rule}: {item.reason}" for item in blocking or self.findings]


def decide(policy: ModelGate, measured: Measurements) -> Decision:
    """Judge measurements by a policy: all rules, and the worst verdict of any."""
    findings = [_floor(floor, measured) for floor in policy.floors]
    findings += [_against_champion(policy, measured)] if measured.paired else [_against_baseline(policy, measured)]
    findings += _slices(policy, measured)
    findings += _budgets(policy.budgets, measured)
    verdicts = {item.verdict for item in findings}
    unsure = "insufficient_data" in verdicts
    worst: Verdict = "fail" if "fail" in verdicts else "insufficient_data" if unsure else "pass"
    return Decision(verdict=worst if findings else "fail", findings=findings)


def rows_needed(variance: float, margin: float, confidence: float, power: float) -> int:
    """Rows at which an equal candidate passes with the given power, by the normal approximation of `bounds`."""
    quantile = NormalDist().inv_cdf
    wide = ((quantile(confidence) + quantile(power)) / margin) ** 2
    seen = wide * variance
    return math.ceil((seen + math.sqrt(seen**2 + 8 * wide * max(0, 1 - variance))) / 2) - 2


def bounds(paired: Paired, confidence: float) -> tuple[float, float]:
    """One-sided lower and upper confidence bounds of the mean difference.

    Adjusted Wald (Bonett and Price 2012): one row better and one worse are added to those seen, because few rows
    without any difference do not show that there is none.
    """
    rows = paired.rows + 2
    mean = paired.mean * paired.rows / rows
    variance = (paired.rows * (paired.variance + paired.mean**2) + 2) / rows - mean**2
    reach = NormalDist().inv_cdf(confidence) * math.sqrt(variance / rows)
    return mean - reach, mean + reach


def non_inferior(rule: str, paired: Paired, primary: Primary, margin: float, min_rows: int) -> Finding:
    """Pass when the lower bound is above minus the margin; else worse, or too few rows to tell.

    A candidate whose upper bound is below minus the margin is worse, however many rows an equal one would need.
    """
    lower, upper = bounds(paired, primary.confidence)
    needed = max(min_rows, rows_needed(paired.variance, margin, primary.confidence, primary.power))
    seen = (
        f"{primary.metric} {paired.mean:+.4f} against the champion on {paired.rows} rows "
        f"({paired.better} better, {paired.worse} worse); lower bound {lower:+.4f}, margin -{margin:g}"
    )
    if paired.rows < min_rows:
        enough = min_rows if lower > -margin else needed
        return Finding(rule=rule, verdict="insufficient_data", reason=f"{seen}; needs {enough} rows")
    if lower > -margin:
        return Finding(rule=rule, verdict="pass", reason=seen)
    if upper < -margin or paired.rows >= needed:
        return Finding(rule=rule, verdict="fail", reason=f"{seen}; worse than the champion")
    return Finding(rule=rule, verdict="insufficient_data", reason=f"{seen}; needs {needed} rows")


def _against_champion(policy: ModelGate, measured: Measurements) -> Finding:
    if measured.paired is None:
        raise ValueError("there is no champion to compare with")
    return non_inferior("primary", measured.paired, policy.primary, policy.primary.margin, policy.primary.min_rows)


def _against_baseline(policy: ModelGate, measured: Measurements) -> Finding:
    metric = policy.primary.metric
    value, dummy = measured.candidate[metric], measured.baseline[metric]
    said = f"first release: {metric} {value:.4f}, the dummy baseline has {dummy:.4f}"
    if measured.rows < policy.primary.min_rows:
        needed = f"{said}; {measured.rows} rows, needs {policy.primary.min_rows} rows"
        return Finding(rule="baseline", verdict="insufficient_data", reason=needed)
    beaten = value > dummy if policy.primary.direction == "higher" else value < dummy
    return Finding(rule="baseline", verdict="pass" if beaten else "fail", reason=said)


def _floor(floor: Floor, measured: Measurements) -> Finding:
    value = measured.candidate.get(floor.metric)
    rule = f"floor {floor.metric}"
    if value is None:
        return Finding(rule=rule, verdict="fail", reason="was not measured")
    met = value >= floor.bound if floor.direction == "higher" else value <= floor.bound
    sign = ">=" if floor.direction == "higher" else "<="
    reason = f"{value:.4f}, must be {sign} {floor.bound:g}"
    return Finding(rule=rule, verdict="pass" if met else "fail", reason=reason)


def _slices(policy: ModelGate, measured: Measurements) -> list[Finding]:
    if policy.slices is None or measured.paired is None:
        return []
    rules, findings = policy.slices, list[Finding]()
    for item in measured.slices:
        rule = f"slice {item.column}={item.value}"
        if item.paired.rows < rules.min_rows:
            reason = f"{item.paired.rows} rows, judged from {rules.min_rows}"
            findings.append(Finding(rule=rule, verdict="pass", reason=reason))
        else:
            findings.append(non_inferior(rule, item.paired, policy.primary, rules.margin, rules.min_rows))
    return findings


def _budgets(budgets: Budgets, measured: Measurements) -> list[Finding]:
    pairs = [
        ("package size", measured.package_mib, budgets.package_mib, "MiB"),
        ("scoring time", measured.score_milliseconds_per_row, budgets.score_milliseconds_per_row, "ms a row"),
    ]
    return [
        Finding(
            rule=f"budget {name}",
            verdict="pass" if value <= limit else "fail",
            reason=f"{value:.3g} {unit}, at most {limit:g}",
        )
        for name, value, limit, unit in pairs
    ]
