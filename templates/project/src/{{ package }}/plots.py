"""The pictures of an evaluation; the same numbers give the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_curve

mpl.use("agg")
import matplotlib.pyplot as plt


@contextmanager
def figure(path: Path, title: str) -> Iterator[Any]:
    """Draw on one pair of axes, and save them."""
    picture, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    axes.set_title(title)
    yield axes
    picture.savefig(path, dpi=100, metadata={"Software": None})
    plt.close(picture)


def roc(path: Path, label: NDArray[np.int64], score: NDArray[np.float64]) -> None:
    """Draw the receiver operating characteristic."""
    false_positive, true_positive, _ = roc_curve(label, score)
    with figure(path, "Receiver operating characteristic") as axes:
        axes.plot(false_positive, true_positive)
        axes.plot([0, 1], [0, 1], linestyle=":")
        axes.set(xlabel="false positive rate", ylabel="true positive rate")


def calibration(path: Path, curve: Sequence[dict[str, float]]) -> None:
    """Draw what the model promises against what happened."""
    with figure(path, "Calibration") as axes:
        axes.plot([point["promised"] for point in curve], [point["happened"] for point in curve], marker="o")
        axes.plot([0, 1], [0, 1], linestyle=":")
        axes.set(xlabel="mean score", ylabel="share of positives")


def importance(path: Path, drops: Sequence[dict[str, Any]]) -> None:
    """Draw how much each feature is needed."""
    shown = list(reversed(drops))
    with figure(path, "Fall of ROC AUC when shuffled") as axes:
        axes.barh([item["feature"] for item in shown], [item["auc_drop"] for item in shown])
