"""Metrics against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.release.metrics import DIRECTIONS, goodness, measure

LABEL = np.array([1.0, 0.0, 1.0, 0.0])
PREDICTION = np.array([1.0, 0.0, 0.0, 0.0])
SCORE = np.array([0.9, 0.2, 0.4, 0.4])

VALUES = {
    "accuracy": 0.75,
    "roc_auc": (1 + 1 + 1 + 0.5) / 4,
    "brier": (0.01 + 0.04 + 0.36 + 0.16) / 4,
    "log_loss": -(math.log(0.9) + math.log(0.8) + math.log(0.4) + math.log(0.6)) / 4,
    "ece": (0.1 + 0.2 + abs(0.8 - 1)) / 4,
}


@pytest.mark.parametrize("metric", DIRECTIONS)
def test_each_metric_is_what_its_definition_says(metric: str) -> None:
    """Four rows, computed by hand."""
    assert VALUES[metric] == pytest.approx(measure(metric, LABEL, PREDICTION, SCORE), abs=1e-12)


def test_a_metric_of_one_class_is_not_a_number() -> None:
    """Without negatives there is no ROC; the gate blocks what is not finite."""
    assert math.isnan(measure("roc_auc", np.ones(3), np.ones(3), np.ones(3)))


def test_certain_and_wrong_is_very_bad_and_finite() -> None:
    """A score of exactly 0 for a 1 has a large, finite log loss."""
    assert 34 < measure("log_loss", np.ones(1), np.zeros(1), np.zeros(1)) < 35


PAIRS = st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@given(PAIRS)
def test_auc_is_the_share_of_pairs_in_order(rows: list[tuple[bool, int]]) -> None:
    """Of all pairs of a positive and a negative, those in order count one, ties a half."""
    positive = [score for label, score in rows if label]
    negative = [score for label, score in rows if not label]
    order = [1 if a > b else 0.5 if a == b else 0 for a in positive for b in negative]
    label, score = (np.array(column, dtype=float) for column in zip(*rows, strict=True))

    assert sum(order) / len(order) == pytest.approx(measure("roc_auc", label, label, score / 5))


@pytest.mark.parametrize("metric", ["accuracy", "brier"])
def test_the_goodness_of_rows_is_the_metric_in_the_mean(metric: str) -> None:
    """What is compared row by row adds up to the metric, with the sign that makes more better."""
    sign = 1 if DIRECTIONS[metric] == "higher" else -1

    assert sign * measure(metric, LABEL, PREDICTION, SCORE) == pytest.approx(
        goodness(metric, LABEL, PREDICTION, SCORE).mean()
    )
