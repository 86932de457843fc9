"""Logistic regression on standardised features: small, monotone, easy to explain."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field

from ..settings import Settings


class LogisticRegression(Settings):
    """Settings of scikit-learn's `LogisticRegression`."""

    family: Literal["logistic_regression"] = "logistic_regression"
    c: float = Field(default=1.0, gt=0)
    """Inverse of the strength of L2 regularisation."""
    max_iter: int = Field(default=1000, ge=1)

    def estimator(self, seed: int) -> Any:  # noqa: ARG002
        """Scale, then regress; the solver draws nothing, so the seed is not needed."""
        from sklearn.linear_model import LogisticRegression as Regression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return make_pipeline(StandardScaler(), Regression(C=self.c, max_iter=self.max_iter))

    @classmethod
    def suggest(cls, trial: Any) -> Self:
        """Search the regularisation."""
        return cls(c=trial.suggest_float("c", 1e-3, 1e2, log=True))
