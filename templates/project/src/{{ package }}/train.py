"""Stage `train`: cross-validate the chosen family, then fit it on all training rows."""

from __future__ import annotations

import json

import joblib
import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, cross_validate

from . import config, features, paths
from .models import Family

SCORES = {"accuracy": "accuracy", "roc_auc": "roc_auc", "brier": "neg_brier_score"}


def cross_validation(model: Family, settings: config.Train, x: pd.DataFrame, y: pd.Series[int]) -> dict[str, float]:
    """Return mean and spread of each score over the folds."""
    folds = StratifiedKFold(n_splits=settings.folds, shuffle=True, random_state=settings.seed)
    results = cross_validate(model.estimator(settings.seed), x, y, cv=folds, scoring=SCORES, error_score="raise")
    summary = {}
    for name in SCORES:
        values = np.abs(results[f"test_{name}"])
        summary[f"{name}_mean"] = round(float(values.mean()), 6)
        summary[f"{name}_std"] = round(float(values.std()), 6)
    return summary


def main() -> None:
    """Write the fitted model and what cross-validation says of it."""
    settings = config.load().train
    x, y = features.read(paths.TRAIN_FEATURES)
    summary = cross_validation(settings.model, settings, x, y)
    paths.made(paths.CROSS_VALIDATION).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    fitted = settings.model.estimator(settings.seed).fit(x.to_numpy(), y.to_numpy())
    joblib.dump(fitted, paths.made(paths.MODEL))


if __name__ == "__main__":
    main()
