from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.monitor.decision import decide, judge
from pipelines.monitor.policy import ModelMonitorPolicy, QualityPolicy, VotesPolicy
from pipelines.monitor.results import ColumnDrift, Measure, Quality, Verdict, Window

WHEN = datetime(2026, 11, 21, tzinfo=UTC)
CALM = Measure(statistic=0.02, bound=0.05, floor=0.1)
BEYOND = Measure(statistic=0.3, bound=0.05, floor=0.1)


def column(name: str = "age", *, drifted: bool = True, broken: bool = False) -> ColumnDrift:
    """Return a column that drifted, or not."""
    return ColumnDrift(
        name=name,
        kind="numeric",
        psi=BEYOND if drifted else CALM,
        ks=None,
        missing_reference=0.0,
        missing_window=0.2 if broken else 0.0,
        broken=broken,
        bins=[],
    )


def windows(pattern: str) -> list[Window]:
    """Return windows, newest first: `d` drifted, `b` broken, `.` calm."""
    return [
        Window(first=WHEN, last=WHEN, rows=500, columns=[column(drifted=mark != ".", broken=mark == "b")])
        for mark in pattern
    ]


def policy(*, retrain: bool = True, quality: bool = True, alert: int = 2, of: int = 3) -> ModelMonitorPolicy:
    """Return a policy."""
    return ModelMonitorPolicy(
        votes=VotesPolicy(alert=alert, of=of), quality=QualityPolicy() if quality else None, retrain=retrain
    )


WORSE = judge((4500, 5000), (380, 500), 0.99)
HELD = judge((4500, 5000), (1350, 1500), 0.99)


@pytest.mark.parametrize(
    ("pattern", "quality", "retrain", "verdict"),
    [
        ("", None, True, "insufficient_data"),
        ("d", None, True, "insufficient_data"),
        (".", HELD, True, "insufficient_data"),
        ("..", None, True, "ok"),
        ("...", HELD, True, "ok"),
        ("d..", None, True, "ok"),
        ("dd", None, True, "retrain"),
        ("d.d", None, True, "retrain"),
        (".dd", None, False, "alert"),
        ("ddd", HELD, True, "retrain"),
        ("bb.", None, True, "alert"),
        ("bdb", None, True, "alert"),
        ("bdd", None, True, "alert"),
        ("bb.", WORSE, True, "alert"),
        ("...", WORSE, True, "retrain"),
        ("...", WORSE, False, "alert"),
        ("", WORSE, True, "retrain"),
    ],
)
def test_verdicts(pattern: str, quality: Quality | None, retrain: bool, verdict: str):
    """Two of three windows call for action, or labels alone; broken inputs are for people; too little is not ok."""
    assert verdict == decide(windows(pattern), quality, 1500, 500, policy(retrain=retrain))[0]


@given(st.text("d.b", max_size=6), st.integers(1, 6), st.booleans(), st.sampled_from([None, WORSE, HELD]))
def test_every_decision_has_reasons_and_is_never_calm_without_data(
    pattern: str, alert: int, retrain: bool, quality: Quality | None
):
    """A person always reads why; action needs the votes or the labels."""
    verdict, reasons = decide(windows(pattern), quality, 10, 500, policy(retrain=retrain, alert=alert, of=6))
    voted = sum(mark != "." for mark in pattern) >= alert
    assert all(reasons)
    assert (voted or quality is WORSE) == (verdict in {Verdict.ALERT, Verdict.RETRAIN})
    assert (len(pattern) < alert and quality is not WORSE) == (verdict is Verdict.INSUFFICIENT_DATA)
    assert retrain or verdict is not Verdict.RETRAIN


@given(st.text("d.", min_size=2, max_size=5), st.integers(0, 4))
def test_one_more_drifting_window_never_calms(pattern: str, place: int):
    """Votes are monotone."""
    order = [Verdict.OK, Verdict.RETRAIN]
    more = pattern[:place] + "d" + pattern[place + 1 :] if place < len(pattern) else pattern
    before, after = (decide(windows(text), None, 1500, 0, policy(of=5))[0] for text in (pattern, more))
    assert order.index(before) <= order.index(after)


@pytest.mark.parametrize(
    ("pattern", "quality", "asked", "reasons"),
    [
        (
            "",
            None,
            policy(quality=False),
            [
                "300 predictions are too few to judge drift: 700 are needed for 2 windows of 500 rows, the oldest of "
                "at least 200"
            ],
        ),
        ("..", None, policy(quality=False), ["0 of the 2 newest windows drifted; 2 of 3 call for action"]),
        (".", None, policy(quality=False, alert=1), ["0 of 1 window drifted; 1 of 3 call for action"]),
        (
            "d..",
            None,
            policy(),
            [
                "1 of the 3 newest windows drifted; 2 of 3 call for action",
                "window 1 (500 rows): age drifted: PSI 0.300 (chance explains 0.050, from 0.1 on it matters)",
                "quality was not judged: 12 labelled predictions, 200 are needed",
            ],
        ),
        (
            "bb",
            None,
            policy(quality=False),
            [
                "2 of the 2 newest windows drifted; 2 of 3 call for action",
                *(
                    f"window {place} (500 rows): age drifted: PSI 0.300 (chance explains 0.050, from 0.1 on it matters)"
                    ", 20.0% missing instead of 0.0%"
                    for place in (1, 2)
                ),
                "values of age stopped arriving, which retraining cannot repair; mend the inputs first",
            ],
        ),
        (
            "..",
            WORSE,
            policy(),
            [
                "0 of the 2 newest windows drifted; 2 of 3 call for action",
                "accuracy is 0.760 on 500 labels, 0.900 on the 5000 reference rows: with 99 % confidence it fell by "
                "0.140, at least by 0.097, and a drop of 0.05 matters",
                "the policy says to retrain",
            ],
        ),
        (
            "..",
            HELD,
            policy(),
            [
                "0 of the 2 newest windows drifted; 2 of 3 call for action",
                "accuracy is 0.900 on 1500 labels, 0.900 on the 5000 reference rows: with 99 % confidence it fell by "
                "less than 0.022, and a drop of 0.05 matters",
            ],
        ),
        (
            "..",
            judge((4500, 5000), (176, 200), 0.99),
            policy(),
            [
                "0 of the 2 newest windows drifted; 2 of 3 call for action",
                "accuracy is 0.880 on 200 labels, 0.900 on the 5000 reference rows: with 99 % confidence the drop is "
                "between -0.025 and 0.084, and a drop of 0.05 matters: more labels would tell",
            ],
        ),
    ],
)
def test_reasons_are_sentences(pattern: str, quality: Quality | None, asked: ModelMonitorPolicy, reasons: list[str]):
    """Each says what was found, what chance explains, what matters and what to do."""
    assert reasons == decide(windows(pattern), quality, 300, 12, asked)[1]


def test_an_alert_says_whose_turn_it_is():
    """Without retraining a person decides."""
    reasons = decide(windows("dd"), None, 1500, 0, policy(retrain=False))[1]
    assert "the policy does not retrain by itself; look, and decide" == reasons[-1]


def test_a_wide_drift_names_a_few_columns():
    """Three columns are described, the others counted."""
    window = Window(first=WHEN, last=WHEN, rows=500, columns=[column(f"x{place}") for place in range(5)])
    (_, sentence) = decide([window], None, 500, 0, policy(quality=False, alert=1, retrain=False))[1][:2]
    assert (3, True) == (sentence.count("drifted"), sentence.endswith("; and 2 more"))


def test_a_drop_that_labels_do_not_prove_is_no_drop():
    """Ten points on 40 labels may be chance; on 1,000 they are not."""
    few, many = judge((900, 1000), (32, 40), 0.99), judge((900, 1000), (800, 1000), 0.99)
    assert [Verdict.OK, Verdict.RETRAIN] == [decide(windows(".."), q, 1000, 40, policy())[0] for q in (few, many)]


def test_a_proven_drop_that_does_not_matter_is_no_drop():
    """Two points on a million labels are certain, and below what matters."""
    quality = judge((900_000, 1_000_000), (880_000, 1_000_000), 0.99)
    assert (True, Verdict.OK) == (quality.lower > 0, decide(windows(".."), quality, 1000, 10, policy())[0])
