"""Histogram gradient boosting: the stronger family on this sample."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field

from ..settings import Settings


class HistGradientBoosting(Settings):
    """Settings of scikit-learn's `HistGradientBoostingClassifier`."""

    family: Literal["hist_gradient_boosting"] = "hist_gradient_boosting"
    learning_rate: float = Field(default=0.1, gt=0, le=1)
    iterations: int = Field(default=100, ge=1)
    leaves: int = Field(default=31, ge=2)
    leaf_rows: int = Field(default=20, ge=1)
    """Rows that a leaf must hold."""
    l2: float = Field(default=0.0, ge=0)

    def estimator(self, seed: int) -> Any:
        """Return the classifier; early stopping is off, so the same rows always give the same trees."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.iterations,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.leaf_rows,
            l2_regularization=self.l2,
            early_stopping=False,
            random_state=seed,
        )

    @classmethod
    def suggest(cls, trial: Any) -> Self:
        """Search rate, size and regularisation."""
        return cls(
            learning_rate=trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
            iterations=trial.suggest_int("iterations", 50, 300),
            leaves=trial.suggest_int("leaves", 7, 63),
            leaf_rows=trial.suggest_int("leaf_rows", 10, 100),
            l2=trial.suggest_float("l2", 1e-3, 10.0, log=True),
        )
