"""Drift of columns between a reference and a window, in numpy: PSI and Kolmogorov-Smirnov.

A column drifts when a statistic is beyond what chance explains at these sample sizes *and* beyond what matters. The
tests of one window share its false-alarm probability equally (Bonferroni).
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipelines.monitor.bounds import ks_bound, psi_bound
from pipelines.monitor.policy import DriftPolicy
from pipelines.monitor.results import Bin, ColumnDrift, Measure

Floats: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]
Column: TypeAlias = Floats | Sequence[str | None]
"""Numbers (whatever is not finite is missing), or text (`None` is missing)."""

MOST_BINS = 10
"""Quantile bins of numbers."""
ROWS_A_BIN = 20
"""Rows of the smaller sample that a quantile bin gets, so that the bound of PSI holds."""
FEW_DISTINCT = 20
"""Numbers of at most so many distinct values are compared value by value."""
ROWS_A_VALUE = 10
"""Rows of the smaller sample below which a value counts as `other`."""
MOST_VALUES = 50
"""Values with a bin of their own."""


@dataclass(frozen=True)
class Sample:
    """One column of one sample, prepared once."""

    rows: int
    missing: int

    @property
    def present(self) -> int:
        """Rows with a usable value."""
        return self.rows - self.missing


@dataclass(frozen=True)
class Numbers(Sample):
    """Numbers, sorted."""

    values: Floats

    @property
    def continuous(self) -> bool:
        """Whether there are too many distinct values to compare one by one."""
        return int(np.count_nonzero(np.diff(self.values))) >= FEW_DISTINCT

    def counts(self, values: Floats) -> Counts:
        """Count how often each value occurs."""
        right = np.searchsorted(self.values, values, side="right")
        return right - np.searchsorted(self.values, values, side="left")


@dataclass(frozen=True)
class Texts(Sample):
    """Text, counted."""

    values: Counter[str | None]


@dataclass(frozen=True)
class _Binned:
    """The counts that PSI compares; the last bin is `missing`."""

    labels: list[str]
    reference: Counts
    window: Counts


def sample(column: Column) -> Numbers | Texts:
    """Prepare one column: sort numbers, count text."""
    if isinstance(column, np.ndarray):
        usable = np.sort(column[np.isfinite(column)])
        return Numbers(len(column), len(column) - len(usable), usable)
    counted = Counter(column)
    missing = counted.pop(None, 0)
    return Texts(len(column), missing, counted)


def compare(
    reference: Mapping[str, Numbers | Texts], window: Mapping[str, Numbers | Texts], policy: DriftPolicy
) -> list[ColumnDrift]:
    """Compare the columns of a window with those of the reference, in the order of the reference.

    A column must be of the same kind (numbers or text) in both, and neither sample empty.
    """
    tests = sum(1 + (isinstance(column, Numbers) and column.continuous) for column in reference.values())
    tail = (1 - policy.confidence) / max(1, tests)
    return [_compare(name, reference[name], window[name], tail, policy) for name in reference]


def _compare(
    name: str, reference: Numbers | Texts, window: Numbers | Texts, tail: float, policy: DriftPolicy
) -> ColumnDrift:
    binned = _bin(reference, window)
    ks = _ks(reference, window, tail, policy.ks)
    before, now = reference.missing / reference.rows, window.missing / window.rows
    column = ColumnDrift(
        name=name,
        kind="numeric" if isinstance(reference, Numbers) and reference.continuous else "categorical",
        psi=_psi(binned.reference, binned.window, tail, policy.psi),
        ks=ks,
        missing_reference=before,
        missing_window=now,
        broken=False,
        bins=_shares(binned),
    )
    rise = now - before
    if not column.drifted or rise <= 0:
        return column
    present = _psi(binned.reference[:-1], binned.window[:-1], tail, policy.psi)
    calm = not any(measure.exceeded for measure in (present, ks) if measure)
    gone = rise > max(policy.ks, ks_bound(reference.rows, window.rows, tail))
    return column.model_copy(update={"broken": calm or gone})


def _bin(reference: Numbers | Texts, window: Numbers | Texts) -> _Binned:
    if isinstance(reference, Texts) and isinstance(window, Texts):
        return _by_text(reference, window)
    if isinstance(reference, Numbers) and isinstance(window, Numbers):
        return _by_quantile(reference, window) if reference.continuous else _by_value(reference, window)
    raise TypeError("numbers cannot be compared with text")


def _by_quantile(reference: Numbers, window: Numbers) -> _Binned:
    bins = max(2, min(MOST_BINS, min(reference.present, window.present) // ROWS_A_BIN))
    edges = np.unique(reference.values[np.arange(1, bins) * reference.present // bins])
    before, now = (
        np.diff(np.searchsorted(side.values, edges, side="right"), prepend=0, append=side.present)
        for side in (reference, window)
    )
    names = [f"{edge:.4g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in itertools.pairwise(names)]
    return _with_missing([f"up to {names[0]}", *between, f"over {names[-1]}"], before, now, reference, window)


def _by_value(reference: Numbers, window: Numbers) -> _Binned:
    values = np.unique(reference.values)
    before = reference.counts(values)
    own = before >= _rows_for_own_bin(reference, window)
    labels = [f"{value:.10g}" for value in values[own]]
    return _with_other(labels, before[own], window.counts(values[own]), reference, window)


def _by_text(reference: Texts, window: Texts) -> _Binned:
    least = _rows_for_own_bin(reference, window)
    common = [(value, rows) for value, rows in reference.values.most_common(MOST_VALUES) if rows >= least]
    before = np.array([rows for _, rows in common], dtype=np.int64)
    now = np.array([window.values[value] for value, _ in common], dtype=np.int64)
    return _with_other([str(value) for value, _ in common], before, now, reference, window)


def _rows_for_own_bin(reference: Sample, window: Sample) -> float:
    return ROWS_A_VALUE * max(1.0, reference.rows / window.rows)


def _with_other(labels: list[str], before: Counts, now: Counts, reference: Sample, window: Sample) -> _Binned:
    before = np.append(before, reference.present - before.sum())
    now = np.append(now, window.present - now.sum())
    return _with_missing([*labels, "other"], before, now, reference, window)


def _with_missing(labels: list[str], before: Counts, now: Counts, reference: Sample, window: Sample) -> _Binned:
    return _Binned([*labels, "missing"], np.append(before, reference.missing), np.append(now, window.missing))


def _shares(binned: _Binned) -> list[Bin]:
    before, now = binned.reference / binned.reference.sum(), binned.window / binned.window.sum()
    return [
        Bin(label=label, reference=float(first), window=float(second))
        for label, first, second in zip(binned.labels, before, now, strict=True)
        if first or second
    ]


def _psi(reference: Counts, window: Counts, tail: float, floor: float) -> Measure | None:
    used = (reference + window) > 0
    first, second = reference[used], window[used]
    rows, others, bins = int(first.sum()), int(second.sum()), len(first)
    if bins < 2 or not rows or not others:
        return None
    return Measure(statistic=psi(first, second), bound=psi_bound(rows, others, bins, tail), floor=floor)


def psi(reference: Counts, window: Counts) -> float:
    """Population stability index of two histograms over the same bins.

    Half a row is added to each bin: an empty bin stays finite, and the tails follow chi-square (see `psi_bound`).
    """
    first = (reference + 0.5) / (reference.sum() + 0.5 * len(reference))
    second = (window + 0.5) / (window.sum() + 0.5 * len(window))
    return float(np.sum((first - second) * np.log(first / second)))


def _ks(reference: Numbers | Texts, window: Numbers | Texts, tail: float, floor: float) -> Measure | None:
    if not (isinstance(reference, Numbers) and isinstance(window, Numbers) and reference.continuous):
        return None
    if not window.present:
        return None
    bound = ks_bound(reference.present, window.present, tail)
    return Measure(statistic=ks(reference.values, window.values), bound=bound, floor=floor)


def ks(reference: Floats, window: Floats) -> float:
    """Kolmogorov-Smirnov distance of two sorted, non-empty samples; one stable sort merges them."""
    rows, others = len(reference), len(window)
    points = np.concatenate([reference, window])
    order = np.argsort(points, kind="stable")
    merged = points[order]
    apart = np.where(order < rows, others, -rows).cumsum()
    last_of_ties = np.append(merged[1:] != merged[:-1], True)
    return float(np.abs(apart[last_of_ties]).max()) / (rows * others)
