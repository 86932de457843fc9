import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.monitor.bounds import (
    chi_square_quantile,
    chi_square_tail,
    drop_interval,
    ks_bound,
    normal_quantile,
    psi_bound,
    share_interval,
)

TAILS = st.floats(1e-9, 0.5)


@pytest.mark.parametrize(
    ("tail", "freedom", "quantile"),
    [(0.05, 1, 3.841459), (0.01, 9, 21.665994), (0.001, 2, 13.815511), (0.01, 100, 135.806723), (0.5, 3, 2.365974)],
)
def test_chi_square_quantiles_are_those_of_printed_tables(tail: float, freedom: int, quantile: float):
    """Even and odd degrees of freedom agree with published tables to six places."""
    assert pytest.approx(quantile, abs=1e-6) == chi_square_quantile(tail, freedom)


@given(TAILS, st.integers(1, 300))
def test_a_quantile_is_crossed_with_its_probability(tail: float, freedom: int):
    """Tail and quantile are each other's inverse, far into the tail too."""
    assert pytest.approx(tail, rel=1e-6) == chi_square_tail(chi_square_quantile(tail, freedom), freedom)


def test_nothing_is_below_zero():
    """Chi-square exceeds zero and everything below it for certain."""
    assert [1.0, 1.0] == [chi_square_tail(0, 4), chi_square_tail(-1, 3)]


def test_normal_quantiles_are_the_familiar_ones():
    """One in forty, one in twenty, one in a hundred."""
    assert [1.959964, 1.644854, 2.326348] == [round(normal_quantile(tail), 6) for tail in (0.025, 0.05, 0.01)]


def test_the_folk_threshold_of_psi_is_within_chance_at_200_rows():
    """Ten bins at 200 rows on both sides exceed 0.17 by chance once in twenty times; at 100,000 rows 0.0003."""
    assert [0.1692, 0.0003] == [round(psi_bound(n, n, 10, 0.05), 4) for n in (200, 100_000)]


def test_the_ks_bound_is_the_familiar_one():
    """1.358 times the root of 1/n + 1/m at 5 %."""
    assert round(1.3581 * math.sqrt(1 / 300 + 1 / 500), 4) == round(ks_bound(300, 500, 0.05), 4)


@given(st.integers(1, 10_000), st.data(), TAILS)
def test_an_interval_of_a_share_holds_the_share(rows: int, data: st.DataObject, tail: float):
    """Wilson's interval stays within 0 and 1 and around what was seen, at the ends too."""
    hits = data.draw(st.integers(0, rows))
    low, high = share_interval(hits, rows, tail)
    assert 0 <= low <= hits / rows + 1e-12
    assert hits / rows - 1e-12 <= high <= 1


def test_the_interval_of_a_drop_is_newcombes():
    """His example: 56 of 70 against 48 of 80 at 95 % is 0.0524 to 0.3339 (Newcombe 1998, method 10)."""
    assert (0.0524, 0.3339) == tuple(round(side, 4) for side in drop_interval((56, 70), (48, 80), 0.025))


@given(st.integers(30, 3000), st.data())
def test_more_labels_narrow_the_interval(rows: int, data: st.DataObject):
    """Ten times the labels at the same accuracy say more."""
    hits = data.draw(st.integers(0, rows))
    few, many = drop_interval((900, 1000), (hits, rows), 0.01), drop_interval((900, 1000), (10 * hits, 10 * rows), 0.01)
    assert many[1] - many[0] < few[1] - few[0]
