"""What chance alone can do: quantiles and bounds that know how many rows were seen; `math` only."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def chi_square_tail(value: float, freedom: int) -> float:
    """Probability that chi-square with `freedom` degrees exceeds `value` (the finite sum, exact)."""
    half = value / 2
    if half <= 0:
        return 1.0
    odd = freedom % 2
    total = math.erfc(math.sqrt(half)) if odd else 0.0
    for index in range(freedom // 2):
        order = index + odd / 2
        total += math.exp(order * math.log(half) - half - math.lgamma(order + 1))
    return min(1.0, total)


@functools.lru_cache(maxsize=1024)
def chi_square_quantile(tail: float, freedom: int) -> float:
    """Value that chi-square with `freedom` degrees exceeds with probability `tail`."""
    high = float(freedom)
    while chi_square_tail(high, freedom) > tail:
        high *= 2
    return _crossing(lambda value: chi_square_tail(value, freedom) - tail, 0.0, high)


def normal_quantile(tail: float) -> float:
    """Value that a standard normal exceeds with probability `tail`, below one half."""
    return math.sqrt(chi_square_quantile(2 * tail, 1))


def psi_bound(rows: int, others: int, bins: int, tail: float) -> float:
    """PSI that two samples of one population exceed with probability `tail`.

    Under no drift, PSI is distributed as (1/n + 1/m) times chi-square with `bins - 1` degrees of freedom.
    Simulated with half a row added to each bin, the tails hold from 20 rows a bin on.
    """
    return (1 / rows + 1 / others) * chi_square_quantile(tail, bins - 1)


def ks_bound(rows: int, others: int, tail: float) -> float:
    """Kolmogorov-Smirnov distance that two samples of one population exceed with probability `tail`, at most."""
    return math.sqrt(-math.log(tail / 2) / 2 * (1 / rows + 1 / others))


def share_interval(hits: int, rows: int, tail: float) -> tuple[float, float]:
    """Wilson's interval of a share; each side is crossed with probability `tail`."""
    share, squared = hits / rows, normal_quantile(tail) ** 2
    centre = (share + squared / (2 * rows)) / (1 + squared / rows)
    spread = math.sqrt(squared * (share * (1 - share) + squared / (4 * rows)) / rows) / (1 + squared / rows)
    return max(0.0, centre - spread), min(1.0, centre + spread)


def drop_interval(before: tuple[int, int], after: tuple[int, int], tail: float) -> tuple[float, float]:
    """Newcombe's interval of how far a share fell, from (hits, rows) of two independent samples."""
    first, second = before[0] / before[1], after[0] / after[1]
    low_first, high_first = share_interval(*before, tail)
    low_second, high_second = share_interval(*after, tail)
    drop = first - second
    return (
        drop - math.hypot(first - low_first, high_second - second),
        drop + math.hypot(high_first - first, second - low_second),
    )


def _crossing(falling: Callable[[float], float], low: float, high: float) -> float:
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return high
