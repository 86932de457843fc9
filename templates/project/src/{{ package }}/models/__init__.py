"""The families of models; a new one is a file here, a line in `FAMILIES` and a member of `Model`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .family import Family
from .hist_gradient_boosting import HistGradientBoosting
from .logistic_regression import LogisticRegression

FAMILIES: dict[str, type[Family]] = {
    "hist_gradient_boosting": HistGradientBoosting,
    "logistic_regression": LogisticRegression,
}
Model = Annotated[HistGradientBoosting | LogisticRegression, Field(discriminator="family")]

__all__ = ["FAMILIES", "Family", "HistGradientBoosting", "LogisticRegression", "Model"]
