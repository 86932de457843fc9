"""What a person decides about monitoring: `policies/monitor.yaml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from components.base import Document
from components.errors import UserError, closest


class WindowPolicy(Document):
    """How predictions are cut into windows."""

    rows: int = Field(default=500, ge=30, le=100_000)
    """Predictions in a window; the newest window ends with the newest prediction. All windows are held in memory."""


class VotesPolicy(Document):
    """How many windows must agree before anybody is called."""

    alert: int = Field(default=2, ge=1)
    """Windows that must drift, among the newest `of`."""

    of: int = Field(default=3, ge=1, le=20)
    """Newest windows that vote."""

    @field_validator("of")
    @classmethod
    def _reachable(cls, of: int, info: ValidationInfo) -> int:
        alert = info.data.get("alert", 0)
        if alert > of:
            raise ValueError(f"fewer windows than the {alert} votes of `alert`; raise `of` or lower `alert`")
        return of


class DriftPolicy(Document):
    """When a column of a window has drifted: beyond chance *and* large enough to matter."""

    psi: float = Field(default=0.1, gt=0, le=10)
    """Population stability index below which a shift does not matter, however certain it is."""

    ks: float = Field(default=0.1, gt=0, lt=1)
    """Kolmogorov-Smirnov distance below which a shift does not matter; numeric columns only."""

    confidence: float = Field(default=0.99, ge=0.5, le=0.999999)
    """Probability that a window of unchanged data raises no column at all (the tests of a window share the rest)."""


class QualityPolicy(Document):
    """When the labels that arrived prove that the model got worse."""

    metric: Literal["accuracy"] = "accuracy"
    """Share of predictions that equal their label."""

    drop: float = Field(default=0.05, gt=0, lt=1)
    """Fall against the reference rows below which it does not matter, however certain it is."""

    min_labels: int = Field(default=200, ge=30)
    """Labelled predictions below which quality is not judged."""


class ModelMonitorPolicy(Document):
    """How one model is monitored."""

    window: WindowPolicy = WindowPolicy()
    """How predictions are cut into windows."""

    votes: VotesPolicy = VotesPolicy()
    """How many windows must agree."""

    min_rows: int = Field(default=200, ge=30)
    """Rows below which a window says nothing: neither that all is well nor that it is not."""

    drift: DriftPolicy = DriftPolicy()
    """When a column has drifted."""

    quality: QualityPolicy | None = None
    """When the model got worse; without it labels are not looked at."""

    retrain: bool = False
    """Whether what would be an alert starts a retraining; never while values stopped arriving."""

    @field_validator("min_rows")
    @classmethod
    def _fits_window(cls, min_rows: int, info: ValidationInfo) -> int:
        window = info.data.get("window")
        if isinstance(window, WindowPolicy) and min_rows > window.rows:
            raise ValueError(f"more than the {window.rows} of `window.rows`: no window could ever be judged")
        return min_rows

    @field_validator("quality")
    @classmethod
    def _fits_look_back(cls, quality: QualityPolicy | None, info: ValidationInfo) -> QualityPolicy | None:
        window, votes = info.data.get("window"), info.data.get("votes")
        if quality and isinstance(window, WindowPolicy) and isinstance(votes, VotesPolicy):
            most = window.rows * votes.of
            if quality.min_labels > most:
                raise ValueError(
                    f"`min_labels` is more than the {most} rows (`window.rows` times `votes.of`) looked at"
                )
        return quality


class MonitorPolicy(Document):
    """`policies/monitor.yaml`: how each model of a project is monitored."""

    models: dict[str, ModelMonitorPolicy]
    """Model name to its policy."""

    def of(self, model: str, where: str = "policies/monitor.yaml") -> ModelMonitorPolicy:
        """Return the policy of one model.

        Raises:
            UserError: The model is not listed.
        """
        if model not in self.models:
            hint = closest(model, self.models) or f"; listed: {', '.join(sorted(self.models)) or 'none'}"
            raise UserError(f"{where}: models: `{model}` is not listed{hint}; add it")
        return self.models[model]
