"""Metrics of a binary or multi-class classifier, in numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Metric = Literal["accuracy", "roc_auc", "brier", "log_loss", "ece"]
Loss = Literal["accuracy", "brier"]
DIRECTIONS: dict[str, str] = {
    "accuracy": "higher",
    "roc_auc": "higher",
    "brier": "lower",
    "log_loss": "lower",
    "ece": "lower",
}
"""Which way each metric is better."""


def measure(metric: str, label: Floats, prediction: Floats, score: Floats) -> float:
    """Return a metric of predictions (n,) and scores (n,), the probability of class 1, against labels (n,)."""
    match metric:
        case "accuracy":
            return float(np.mean(goodness(metric, label, prediction, score)))
        case "roc_auc":
            return roc_auc(label, score)
        case "brier":
            return float(np.mean((score - label) ** 2))
        case "log_loss":
            clipped = np.clip(score, 1e-15, 1 - 1e-15)
            return float(-np.mean(label * np.log(clipped) + (1 - label) * np.log(1 - clipped)))
        case "ece":
            return calibration_error(label, score)
        case _:
            raise ValueError(f"`{metric}` is not a metric")


def goodness(metric: str, label: Floats, prediction: Floats, score: Floats) -> Floats:
    """Return how good each row (n,) is: 1 for a hit by `accuracy`; minus the squared error by `brier`."""
    if metric == "accuracy":
        return np.asarray(label == prediction, dtype=np.float64)
    return -((score - label) ** 2)


def roc_auc(label: Floats, score: Floats) -> float:
    """Return the area under the ROC curve by ranks, ties averaged; NaN when one class is missing."""
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positive: Any = label == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def calibration_error(label: Floats, score: Floats, bins: int = 10) -> float:
    """Return the expected calibration error over equal-width bins of the score."""
    place = np.minimum((score * bins).astype(np.int64), bins - 1)
    gaps = np.abs(np.bincount(place, weights=score - label, minlength=bins))
    return float(gaps.sum() / len(score))
