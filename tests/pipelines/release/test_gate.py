"""The decision of the gate, and how often it is right."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from benchmarks.gate_characteristic import PAGE, POINTS, ROWS, page, paired_of, verdicts
from pipelines.release.gate import Measurements, ModelGate, Paired, bounds, decide, rows_needed

RULES = {
    "primary": {"metric": "accuracy", "direction": "higher", "margin": 0.01, "min_rows": 100},
    "floors": [{"metric": "roc_auc", "direction": "higher", "bound": 0.7}],
    "slices": {"columns": ["group"], "margin": 0.05, "min_rows": 50},
    "budgets": {"package_mib": 10, "score_milliseconds_per_row": 5},
}
MEASURED = {
    "rows": 5000,
    "candidate": {"accuracy": 0.85, "roc_auc": 0.8},
    "champion": {"accuracy": 0.85, "roc_auc": 0.8},
    "baseline": {"accuracy": 0.6},
    "paired": paired_of(5000, 150, 150).model_dump(),
    "slices": [],
    "package_mib": 1.0,
    "score_milliseconds_per_row": 1.0,
}


def rules(**changes: Any) -> ModelGate:
    """Return rules with changes."""
    return ModelGate.model_validate(RULES | changes)


def measured(**changes: Any) -> Measurements:
    """Return measurements with changes."""
    return Measurements.model_validate(MEASURED | changes)


def compared(rows: int, better: int, worse: int) -> dict[str, Any]:
    """Return a comparison on some rows."""
    return {"rows": rows, "paired": paired_of(rows, better, worse).model_dump()}


def in_slice(rows: int, better: int, worse: int) -> dict[str, Any]:
    """Return a comparison in one slice."""
    return {"slices": [{"column": "group", "value": "a", "paired": paired_of(rows, better, worse).model_dump()}]}


FIRST = {"champion": None, "paired": None}

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "equal, enough rows": ({}, "pass", "floor roc_auc: 0.8000, must be >= 0.7"),
    "much better, few rows": (
        compared(100, 40, 5),
        "pass",
        "primary: accuracy +0.3500 against the champion on 100 rows (40 better, 5 worse); "
        "lower bound +0.2477, margin -0.01",
    ),
    "fewer than the least rows": (
        compared(99, 40, 5),
        "insufficient_data",
        "primary: accuracy +0.3535 against the champion on 99 rows (40 better, 5 worse); "
        "lower bound +0.2504, margin -0.01; needs 100 rows",
    ),
    "equal, too few rows": (
        compared(900, 27, 27),
        "insufficient_data",
        "primary: accuracy +0.0000 against the champion on 900 rows (27 better, 27 worse); "
        "lower bound -0.0136, margin -0.01; needs 3739 rows",
    ),
    "no disagreement, few rows": (
        compared(100, 0, 0),
        "insufficient_data",
        "primary: accuracy +0.0000 against the champion on 100 rows (0 better, 0 worse); "
        "lower bound -0.0228, margin -0.01; needs 350 rows",
    ),
    "worse": (
        compared(5000, 100, 250),
        "fail",
        "primary: accuracy -0.0300 against the champion on 5000 rows (100 better, 250 worse); "
        "lower bound -0.0361, margin -0.01; worse than the champion",
    ),
    "much worse, few rows": (
        compared(200, 5, 60),
        "fail",
        "primary: accuracy -0.2750 against the champion on 200 rows (5 better, 60 worse); "
        "lower bound -0.3310, margin -0.01; worse than the champion",
    ),
    "below a floor": (
        {"candidate": {"accuracy": 0.85, "roc_auc": 0.69}},
        "fail",
        "floor roc_auc: 0.6900, must be >= 0.7",
    ),
    "at a floor": ({"candidate": {"accuracy": 0.85, "roc_auc": 0.7}}, "pass", "floor roc_auc: 0.7000, must be >= 0.7"),
    "a floor not measured": ({"candidate": {"accuracy": 0.85}}, "fail", "floor roc_auc: was not measured"),
    "first release": (FIRST, "pass", "baseline: first release: accuracy 0.8500, the dummy baseline has 0.6000"),
    "first release, no better than the dummy": (
        FIRST | {"baseline": {"accuracy": 0.85}},
        "fail",
        "baseline: first release: accuracy 0.8500, the dummy baseline has 0.8500",
    ),
    "first release, few rows": (
        FIRST | {"rows": 99},
        "insufficient_data",
        "baseline: first release: accuracy 0.8500, the dummy baseline has 0.6000; 99 rows, needs 100 rows",
    ),
    "a worse slice": (
        in_slice(500, 10, 80),
        "fail",
        "slice group=a: accuracy -0.1400 against the champion on 500 rows (10 better, 80 worse); "
        "lower bound -0.1692, margin -0.05; worse than the champion",
    ),
    "a slice too small to judge": (in_slice(49, 0, 49), "pass", "slice group=a: 49 rows, judged from 50"),
    "a slice that cannot tell": (
        in_slice(60, 6, 6),
        "insufficient_data",
        "slice group=a: accuracy +0.0000 against the champion on 60 rows (6 better, 6 worse); "
        "lower bound -0.0993, margin -0.05; needs 501 rows",
    ),
    "too big": ({"package_mib": 10.5}, "fail", "budget package size: 10.5 MiB, at most 10"),
    "too slow": (
        {"score_milliseconds_per_row": 5.1},
        "fail",
        "budget scoring time: 5.1 ms a row, at most 5",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_verdict_and_reason(name: str) -> None:
    """Each finding decides as its row says, and gives its reason."""
    changes, verdict, reason = CASES[name]

    decision = decide(rules(), measured(**changes))

    assert verdict == decision.verdict
    assert reason in decision.reasons


def test_all_reasons_at_once() -> None:
    """A candidate that misses several rules is told all of them, and the worst verdict counts."""
    decision = decide(rules(), measured(**compared(900, 27, 27), package_mib=11, candidate={"accuracy": 0.5}))

    assert "fail" == decision.verdict
    assert ["floor roc_auc", "primary", "budget package size"] == [line.split(":")[0] for line in decision.reasons]


BAD_RULES: dict[str, dict[str, Any]] = {
    "no floors": {"floors": []},
    "the wrong direction": {"primary": RULES["primary"] | {"direction": "lower"}},
    "an unknown metric": {"primary": RULES["primary"] | {"metric": "roc_auc"}},
    "no margin": {"primary": RULES["primary"] | {"margin": 0}},
    "a margin that is not a number": {"primary": RULES["primary"] | {"margin": math.nan}},
    "a floor that is not a number": {"floors": [{"metric": "brier", "direction": "lower", "bound": math.nan}]},
    "a confidence of a half": {"primary": RULES["primary"] | {"confidence": 0.5}},
    "hardly any rows": {"primary": RULES["primary"] | {"min_rows": 29}},
    "a budget that is not a number": {"budgets": RULES["budgets"] | {"package_mib": math.nan}},
    "a budget without an end": {"budgets": RULES["budgets"] | {"package_mib": math.inf}},
}


@pytest.mark.parametrize("name", BAD_RULES)
def test_rules_that_decide_nothing_are_refused(name: str) -> None:
    """Rules that anything would pass, or nothing could, are not rules."""
    with pytest.raises(ValidationError):
        rules(**BAD_RULES[name])


NUMBERS = ["rows", "package_mib", "score_milliseconds_per_row"]
NOT_FINITE = st.sampled_from([math.nan, math.inf, -math.inf])


@given(bad=NOT_FINITE, field=st.sampled_from([*NUMBERS, "candidate", "champion", "baseline", "mean", "variance"]))
def test_what_is_not_finite_never_passes(bad: float, field: str) -> None:
    """No measurement that is NaN or infinite can be evidence."""
    changes: dict[str, Any] = {field: bad}
    if field in {"candidate", "champion", "baseline"}:
        changes = {field: MEASURED[field] | {"accuracy": bad}}
    if field in {"mean", "variance"}:
        changes = {"paired": MEASURED["paired"] | {field: bad}}

    with pytest.raises(ValidationError):
        measured(**changes)


@pytest.mark.parametrize("changes", [{"champion": None}, {"paired": None}])
def test_a_comparison_cannot_be_left_out(changes: dict[str, Any]) -> None:
    """Measurements with a champion but no comparison with it, or the reverse, are no evidence."""
    with pytest.raises(ValidationError, match="both there, or neither"):
        measured(**changes)


COUNTS = st.tuples(st.integers(1, 3000), st.integers(0, 200), st.integers(0, 200)).filter(lambda c: c[0] >= c[1] + c[2])


def passes(gate: ModelGate, rows: int, better: int, worse: int) -> bool:
    """Whether a candidate with these counts passes."""
    return decide(gate, measured(**compared(rows, better, worse))).verdict == "pass"


@given(counts=COUNTS, margin=st.sampled_from([0.005, 0.01, 0.05, 0.2]), confidence=st.sampled_from([0.8, 0.95, 0.99]))
def test_worse_never_turns_a_block_into_a_pass(counts: tuple[int, int, int], margin: float, confidence: float) -> None:
    """One row that the candidate no longer wins, or now loses, never helps it."""
    rows, better, worse = counts
    gate = rules(primary=RULES["primary"] | {"margin": margin, "confidence": confidence})
    less = [(rows, better - 1, worse)] * bool(better) + [(rows, better, worse + 1)] * (better + worse < rows)

    if not passes(gate, *counts):
        assert [] == [case for case in less if passes(gate, *case)]


@given(
    accuracy=st.floats(0, 1),
    auc=st.floats(0, 1),
    size=st.floats(0, 20),
    lower=st.floats(0, 0.5),
    bigger=st.floats(0, 5),
)
def test_a_lower_metric_or_a_higher_cost_never_helps(
    accuracy: float, auc: float, size: float, lower: float, bigger: float
) -> None:
    """Floors, baseline and budgets are monotone."""
    first = measured(**FIRST, candidate={"accuracy": accuracy, "roc_auc": auc}, package_mib=size)
    worse = measured(
        **FIRST, candidate={"accuracy": accuracy - lower, "roc_auc": auc - lower}, package_mib=size + bigger
    )

    if decide(rules(), first).verdict != "pass":
        assert "pass" != decide(rules(), worse).verdict


@given(counts=COUNTS)
def test_deciding_again_decides_the_same(counts: tuple[int, int, int]) -> None:
    """A decision follows from rules and measurements alone, also after both went through JSON."""
    found = measured(**compared(*counts))
    again = Measurements.model_validate_json(found.model_dump_json())

    assert decide(rules(), found) == decide(ModelGate.model_validate_json(rules().model_dump_json()), again)


@given(rows=st.integers(30, 100_000), better=st.integers(0, 30), worse=st.integers(0, 30))
def test_bounds_enclose_the_difference(rows: int, better: int, worse: int) -> None:
    """The lower bound is below the upper one, and both are nearer with confidence 0.8 than with 0.99."""
    paired = paired_of(max(rows, better + worse), better, worse)

    (wide_low, wide_high), (low, high) = bounds(paired, 0.99), bounds(paired, 0.8)

    assert wide_low < low < high < wide_high


@given(variance=st.floats(0, 1), margin=st.floats(0.001, 0.5))
def test_an_equal_candidate_passes_at_the_rows_needed(variance: float, margin: float) -> None:
    """Nobody who brings the rows that were asked for is told that they are too few."""
    rows = max(30, rows_needed(variance, margin, 0.95, 0.8))
    paired = Paired(rows=rows, mean=0, variance=variance, better=0, worse=0)

    assert bounds(paired, 0.95)[0] > -margin


def test_the_operating_characteristic_in_the_docs_is_fresh() -> None:
    """docs/gate.md holds the tables that the gate of today has."""
    assert page(PAGE.read_text()) == PAGE.read_text()


@pytest.mark.parametrize("rows", ROWS)
def test_a_candidate_worse_by_the_margin_hardly_ever_passes(rows: int) -> None:
    """The chance of a false pass is what the confidence says, at every number of rows, and smaller for worse ones."""
    shares = [verdicts(rows, points)["pass"] for points in POINTS]

    assert 0.06 > shares[POINTS.index(-1)]
    assert 0.015 > shares[POINTS.index(-2)]
    assert sorted(shares) == shares


def test_good_candidates_pass() -> None:
    """An equal candidate passes in four of five cases at the rows asked for; a much better one with few rows."""
    asked = rows_needed(0.06, 0.01, 0.95, 0.8)

    assert 0.79 < verdicts(asked, 0)["pass"] < 0.82
    assert 0.98 < verdicts(500, 3)["pass"]
    assert 0.98 < verdicts(10_000, 0)["pass"]
