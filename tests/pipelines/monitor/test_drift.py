import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pipelines.monitor.drift import Column, compare, ks, psi, sample
from pipelines.monitor.policy import DriftPolicy
from pipelines.monitor.results import ColumnDrift

ANY_FLOATS = arrays.arrays(np.float64, st.integers(1, 300), elements=st.floats(allow_nan=True, allow_infinity=True))
ANY_TEXTS = st.lists(st.none() | st.text(max_size=2), min_size=1, max_size=300)
NO_FLOORS = {"psi": 1e-9, "ks": 1e-9}


def compared(reference: Column, window: Column, **policy: float) -> ColumnDrift:
    """Compare one column."""
    (column,) = compare({"x": sample(reference)}, {"x": sample(window)}, DriftPolicy(**policy))
    return column


def population(random: np.random.Generator, rows: int) -> dict[str, Column]:
    """Return columns of every awkward shape: ties, a spike at zero, rare values, few and many missing values."""
    often, rarely = random.normal(size=rows), random.normal(size=rows)
    often[random.random(rows) < 0.05] = np.nan
    rarely[random.random(rows) < 0.001] = np.nan
    shares = np.array([0.4, 0.3, 0.2, 0.05, 0.02, 0.01, 0.008, 0.006, 0.004, 0.002])
    return {
        "skewed": random.exponential(size=rows),
        "tied": np.round(random.normal(size=rows) * 10),
        "spike": np.where(random.random(rows) < 0.4, 0, random.exponential(size=rows)),
        "count": random.poisson(2, rows).astype(np.float64),
        "rare": (random.random(rows) < 0.03).astype(np.float64),
        "often_missing": often,
        "rarely_missing": rarely,
        "text": [str(value) for value in random.choice(list("abcdefghij"), rows, p=shares / shares.sum())],
    }


@pytest.mark.parametrize(
    ("rows", "others"), [(5000, 200), pytest.param(5000, 1000, marks=pytest.mark.slow), (400, 300), (300, 3000)]
)
def test_unchanged_data_raises_a_column_as_seldom_as_promised(rows: int, others: int):
    """With no floor to help, one window in ten at most has a column beyond a 90 % bound; but one in fifty."""
    random, runs = np.random.default_rng(11), 300
    alarms = sum(
        any(
            column.drifted
            for column in compare(
                {name: sample(column) for name, column in population(random, rows).items()},
                {name: sample(column) for name, column in population(random, others).items()},
                DriftPolicy(confidence=0.9, **NO_FLOORS),
            )
        )
        for _ in range(runs)
    )
    assert 0.02 <= alarms / runs <= 0.1 + 3 * (0.1 * 0.9 / runs) ** 0.5


def test_the_bound_of_psi_is_neither_loose_nor_tight():
    """Of 2,000 windows of an unchanged text column, 5 % exceed the 5 % bound, give or take 1.5 %."""
    random, tail = np.random.default_rng(5), 0.05
    texts = [str(value) for value in random.choice(list("abcde"), 5000)]
    rates: list[bool] = []
    for _ in range(2000):
        column = compared(texts, random.choice(list("abcde"), 400).tolist(), confidence=1 - tail, **NO_FLOORS)
        rates.append(column.drifted)
    assert 0.035 <= np.mean(rates) <= 0.065


@pytest.mark.parametrize("rows", [200, 500, 5000])
def test_a_real_shift_is_found(rows: int):
    """A shift of half a standard deviation in one of ten columns is found, in that column only, 19 times of 20."""
    random = np.random.default_rng(3)
    found = 0
    for _ in range(60):
        reference = {f"x{place}": sample(random.normal(size=5000)) for place in range(10)}
        window = {f"x{place}": sample(random.normal(0.5 * (place == 4), 1, rows)) for place in range(10)}
        drifted = [column.name for column in compare(reference, window, DriftPolicy()) if column.drifted]
        found += drifted == ["x4"]
    assert found >= 57


def test_a_certain_but_tiny_shift_does_not_matter():
    """At 100,000 rows a shift of 0.05 deviations is beyond any bound, and below every floor."""
    random = np.random.default_rng(2)
    column = compared(random.normal(size=100_000), random.normal(0.05, 1, 100_000))
    assert column.psi
    assert column.ks
    assert (True, True, False) == (
        column.psi.statistic > column.psi.bound,
        column.ks.statistic > column.ks.bound,
        column.drifted,
    )


def test_a_large_statistic_that_chance_explains_is_no_drift():
    """At 40 rows, 25 of one value where 20 are expected is above a floor of 0.05, and nothing to wonder at."""
    column = compared(["a"] * 40 + ["b"] * 40, ["a"] * 25 + ["b"] * 15, psi=0.05)
    assert column.psi
    assert (True, False) == (column.psi.statistic > 0.05, column.drifted)


@given(ANY_FLOATS, ANY_FLOATS)
@settings(max_examples=200, deadline=None)
def test_any_numbers_compare(reference: np.ndarray, window: np.ndarray):
    """Whatever the numbers, statistics are finite and not negative, and shares sum to one."""
    _holds(compared(reference, window))


@given(ANY_TEXTS, ANY_TEXTS)
@settings(max_examples=100, deadline=None)
def test_any_text_compares(reference: list[str | None], window: list[str | None]):
    """Whatever the text, statistics are finite and not negative, and shares sum to one."""
    _holds(compared(reference, window))


def _holds(column: ColumnDrift) -> None:
    for measure in filter(None, (column.psi, column.ks)):
        assert np.isfinite([measure.statistic, measure.bound]).all()
        assert measure.statistic >= 0
    assert pytest.approx((1, 1)) == (
        sum(item.reference for item in column.bins),
        sum(item.window for item in column.bins),
    )


@given(ANY_FLOATS)
def test_a_sample_does_not_drift_from_itself(values: np.ndarray):
    """Both statistics are nothing, up to rounding."""
    column = compared(values, values)
    assert [True, False] == [all(m.statistic < 1e-12 for m in (column.psi, column.ks) if m), column.drifted]


@given(ANY_FLOATS, ANY_FLOATS, st.randoms(use_true_random=False))
def test_the_order_of_rows_says_nothing(reference: np.ndarray, window: np.ndarray, random):
    """Shuffled rows compare alike."""
    shuffled = window.copy()
    random.shuffle(shuffled)
    assert compared(reference, window) == compared(reference, shuffled)


@given(
    st.lists(st.integers(-5, 5), min_size=1, max_size=60),
    st.lists(st.integers(-5, 5), min_size=1, max_size=60),
)
def test_ks_is_the_largest_distance_of_the_two_distributions(first: list[int], second: list[int]):
    """It equals the definition, ties included."""
    naive = max(
        abs(sum(v <= at for v in first) / len(first) - sum(v <= at for v in second) / len(second))
        for at in itertools.chain(first, second)
    )
    assert pytest.approx(naive) == ks(np.sort(np.array(first, float)), np.sort(np.array(second, float)))


def test_psi_is_its_formula():
    """The sum of (p - q) ln(p / q), with half a row in each bin."""
    p, q = np.array([10.5, 30.5]) / 41, np.array([20.5, 20.5]) / 41
    assert pytest.approx(sum((p - q) * np.log(p / q))) == psi(np.array([10, 30]), np.array([20, 20]))


def test_numbers_of_few_values_are_compared_value_by_value():
    """A count has one bin for each value; rare values share `other`."""
    reference = np.repeat([0.0, 1.0, 2.0, 9.0], [500, 300, 195, 5])
    column = compared(reference, np.repeat([0.0, 1.0, 2.0], [500, 300, 200]))
    assert ("categorical", None, ["0", "1", "2", "other"]) == (
        column.kind,
        column.ks,
        [item.label for item in column.bins],
    )


def test_values_never_seen_are_other():
    """A new value drifts as `other`, although the reference holds nothing there."""
    column = compared(["a"] * 500 + ["b"] * 500, ["a"] * 150 + ["new"] * 150)
    assert (True, {"a": 0.5, "b": 0.0, "other": 0.5}) == (column.drifted, {i.label: i.window for i in column.bins})


def test_names_that_are_all_different_do_not_drift():
    """A column of identifiers has nothing to compare, rather than everything."""
    column = compared([f"a{n}" for n in range(1000)], [f"b{n}" for n in range(300)])
    assert (None, False) == (column.psi, column.drifted)


def test_a_constant_that_changes_drifts():
    """A column of one value that becomes another is the plainest drift."""
    assert compared(np.full(1000, 3.0), np.full(200, 4.0)).drifted


def test_values_that_stop_arriving_break_the_column():
    """Missing values have a bin; where only they changed, the input is broken, and the rest calm."""
    random = np.random.default_rng(4)
    window = random.normal(size=500)
    window[:60] = np.nan
    column = compared(random.normal(size=5000), window)
    assert (0.0, 0.12, True, True) == (
        column.missing_reference,
        column.missing_window,
        column.drifted,
        column.broken,
    )


@pytest.mark.parametrize(("shift", "missing"), [(0.0, 20), (1.0, 150)])
def test_few_missing_values_alone_or_many_with_a_shift_break_the_column(shift: float, missing: int):
    """Broken is where nothing else moved, and where so much is missing that the rest says little."""
    random = np.random.default_rng(4)
    window = random.normal(shift, 1, 500)
    window[:missing] = np.nan
    column = compared(random.normal(size=5000), window)
    assert (True, True) == (column.drifted, column.broken)


def test_a_column_that_is_gone_is_broken():
    """No value at all: drift without a distance, for numbers and text alike."""
    columns = [
        compared(np.random.default_rng(4).normal(size=1000), np.full(300, np.nan)),
        compared(["a", "b"] * 500, [None] * 300),
    ]
    assert [(True, True, None)] * 2 == [(column.drifted, column.broken, column.ks) for column in columns]


def test_a_shift_with_a_few_more_missing_values_is_not_broken():
    """What moved is the world, not the pipe."""
    random = np.random.default_rng(4)
    window = random.normal(1, 1, 500)
    window[:5] = np.nan
    column = compared(random.normal(size=5000), window)
    assert (True, False) == (column.drifted, column.broken)


def test_missing_values_that_appear_again_are_not_broken():
    """Fewer missing values is drift of another kind: a new model can use them."""
    random = np.random.default_rng(4)
    reference = random.normal(size=5000)
    reference[:2000] = np.nan
    column = compared(reference, random.normal(size=500))
    assert (True, False) == (column.drifted, column.broken)


def test_more_columns_ask_more_of_each():
    """The tests of a window share its false alarms: with twenty columns each bound is higher."""
    random = np.random.default_rng(4)
    reference, window = sample(random.normal(size=1000)), sample(random.normal(size=500))
    alone = compare({"x0": reference}, {"x0": window}, DriftPolicy())[0]
    many = {f"x{place}": reference for place in range(20)}
    among = compare(many, dict.fromkeys(many, window), DriftPolicy())[0]
    assert alone.psi
    assert among.psi
    assert alone.ks
    assert among.ks
    assert (True, True) == (alone.psi.bound < among.psi.bound, alone.ks.bound < among.ks.bound)


def test_numbers_and_text_do_not_compare():
    """A caller that mixes kinds made a mistake."""
    with pytest.raises(TypeError, match="cannot be compared"):
        compared(np.array([1.0]), ["a"])
