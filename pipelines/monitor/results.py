"""What monitoring found: plain documents, from one bin of one column up to the whole result."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Literal

from pydantic import Field

from components.base import Document
from pipelines.monitor.policy import ModelMonitorPolicy


class Verdict(enum.StrEnum):
    """What to do now."""

    OK = "ok"
    INSUFFICIENT_DATA = "insufficient_data"
    ALERT = "alert"
    RETRAIN = "retrain"


class Bin(Document):
    """One bin of a column, and the share of rows in it."""

    label: str
    """Range, value, `other` (rare and unseen values together) or `missing`."""

    reference: float
    """Share of the reference rows, 0 to 1."""

    window: float
    """Share of the window's rows, 0 to 1."""


class Measure(Document):
    """One statistic against what chance allows and what matters."""

    statistic: float
    """What was measured."""

    bound: float
    """What samples of these sizes exceed by chance with the probability that is left to this test."""

    floor: float
    """What matters, says the policy."""

    @property
    def exceeded(self) -> bool:
        """Whether it is beyond chance and matters."""
        return self.statistic > max(self.bound, self.floor)


class ColumnDrift(Document):
    """One column of one window against the reference."""

    name: str
    """Column of the reference."""

    kind: Literal["numeric", "categorical"]
    """`categorical` is text, and numbers of few distinct values."""

    psi: Measure | None
    """Population stability index; none when every row falls into one bin."""

    ks: Measure | None
    """Kolmogorov-Smirnov distance of the numbers that are not missing; none where there are none."""

    missing_reference: float
    """Share of the reference rows without a usable value."""

    missing_window: float
    """Share of the window's rows without a usable value."""

    broken: bool
    """Whether the column drifted because values stopped arriving: retraining cannot repair that."""

    bins: list[Bin]
    """What PSI compares."""

    @property
    def drifted(self) -> bool:
        """Whether any statistic is beyond chance and matters."""
        return any(measure.exceeded for measure in (self.psi, self.ks) if measure)


class Window(Document):
    """Consecutive predictions, compared with the reference."""

    first: datetime
    """Time of its oldest prediction."""

    last: datetime
    """Time of its newest prediction."""

    rows: int
    """Predictions in it."""

    columns: list[ColumnDrift]
    """One for each column of the reference that predictions carry."""

    @property
    def drifted(self) -> list[ColumnDrift]:
        """Columns that drifted, those of most effect first."""
        return sorted((column for column in self.columns if column.drifted), key=effect, reverse=True)


class Quality(Document):
    """Accuracy of the newest labelled predictions against that of the reference rows."""

    reference: float
    """Accuracy on the reference rows."""

    reference_rows: int
    """Reference rows with a label."""

    current: float
    """Accuracy of the newest labelled predictions."""

    labels: int
    """Labelled predictions, newest first, up to `window.rows` times `votes.of`."""

    lower: float
    """Lower confidence bound of the drop."""

    upper: float
    """Upper confidence bound of the drop."""

    @property
    def drop(self) -> float:
        """How far accuracy fell; negative when it rose."""
        return self.reference - self.current


class MonitorResult(Document):
    """What `stackwright monitor` found out about one package in one environment."""

    verdict: Verdict
    """What to do now."""

    reasons: list[str]
    """Why, in sentences."""

    notes: list[str] = Field(default_factory=list)
    """What was left out of the data, in sentences."""

    digest: str
    """Package whose predictions these are."""

    time: datetime
    """When this was decided."""

    policy: ModelMonitorPolicy
    """What was asked for."""

    reference_rows: int
    """Rows of the package's reference."""

    rows: int
    """Predictions of the package in the log."""

    labels: int
    """Labelled predictions that quality looked at."""

    windows: list[Window]
    """Newest first."""

    quality: Quality | None
    """Accuracy against the reference; none when there are too few labels, or the policy does not ask."""


def effect(column: ColumnDrift) -> float:
    """Return how many times over its floor the strongest statistic of a column is."""
    return max((measure.statistic / measure.floor for measure in (column.psi, column.ks) if measure), default=0.0)
