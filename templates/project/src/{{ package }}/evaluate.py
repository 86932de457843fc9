"""Stage `evaluate`: what the model does on rows it has never seen."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, log_loss, roc_auc_score

from . import config, features, paths, plots, schema

Floats = NDArray[np.float64]


def metrics(label: NDArray[np.int64], score: Floats) -> dict[str, float]:
    """Return the numbers that describe a model; all of them are finite, or this is an error."""
    found = {
        "accuracy": accuracy_score(label, score > 0.5),
        "roc_auc": roc_auc_score(label, score),
        "average_precision": average_precision_score(label, score),
        "brier": brier_score_loss(label, score),
        "log_loss": log_loss(label, score),
        "majority_share": max(label.mean(), 1 - label.mean()),
        "rows": len(label),
    }
    broken = [name for name, value in found.items() if not math.isfinite(value)]
    if broken:
        raise SystemExit(f"not a finite number: {', '.join(broken)}")
    return {name: round(float(value), 6) for name, value in found.items()}


def by_slice(rows: pd.DataFrame, label: NDArray[np.int64], score: Floats) -> list[dict[str, Any]]:
    """Return rows, accuracy and share of positives for each group of people."""
    frame = schema.slices(rows).assign(label=label, right=(score > 0.5) == label)
    return [
        {
            "slice": f"{column}={value}",
            "rows": len(group),
            "accuracy": round(float(group["right"].mean()), 6),
            "positive_share": round(float(group["label"].mean()), 6),
        }
        for column in schema.SLICES
        for value, group in frame.groupby(column, sort=True)
    ]


def calibration(label: NDArray[np.int64], score: Floats, bins: int) -> list[dict[str, float]]:
    """Compare what the model promises with what happened, in bins of equal size."""
    order = np.argsort(score, kind="stable")
    return [
        {
            "promised": round(float(score[part].mean()), 6),
            "happened": round(float(label[part].mean()), 6),
            "rows": len(part),
        }
        for part in np.array_split(order, bins)
    ]


def importance(model: Any, x: Floats, label: NDArray[np.int64], repeats: int, seed: int) -> list[dict[str, Any]]:
    """Return how much ROC AUC falls when one feature is shuffled, the most needed feature first."""
    found = permutation_importance(model, x, label, scoring="roc_auc", n_repeats=repeats, random_state=seed)
    pairs = sorted(zip(found.importances_mean, features.NAMES, strict=True), reverse=True)
    return [{"feature": name, "auc_drop": round(float(drop), 6)} for drop, name in pairs]


def main() -> None:
    """Write metrics, slices, calibration, importance and plots."""
    params = config.load()
    model = joblib.load(paths.MODEL)
    frame, labels = features.read(paths.TEST_FEATURES)
    x, label = frame.to_numpy(), np.asarray(labels, dtype=np.int64)
    score = model.predict_proba(x)[:, 1].astype(np.float64)
    curve = calibration(label, score, params.evaluate.calibration_bins)
    drops = importance(model, x, label, params.evaluate.importance_repeats, params.train.seed)
    _write(paths.METRICS, metrics(label, score))
    _write(paths.EVALUATION / "slices.json", by_slice(pd.read_parquet(paths.TEST), label, score))
    _write(paths.EVALUATION / "calibration.json", curve)
    _write(paths.EVALUATION / "importance.json", drops)
    plots.roc(paths.EVALUATION / "roc.png", label, score)
    plots.calibration(paths.EVALUATION / "calibration.png", curve)
    plots.importance(paths.EVALUATION / "importance.png", drops)


def _write(path: Path, value: Any) -> None:
    paths.made(path).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
