"""Creates that fail at every place, and what the next `up` makes of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from tests.harness.engine.life import Life
from tests.harness.engine.stack import Engine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]

SHARES = 4


@pytest.mark.parametrize("share", range(SHARES))
def test_an_up_that_fails_at_any_create_is_completed_by_the_next(
    environment: Callable[..., Engine], share: int
) -> None:
    """One create at a time; each failed `up` gets a few further than the one before, so that all shares are all.

    Ten seeded places are part of the life of dev, in test_environment.py.
    """
    numbers = itertools.chain([share + 1], itertools.repeat(SHARES + 1))
    life = Life(environment("dev", f"55555555551{share}"), numbers, parallel=1)

    made = life.made
    assert len(made) // SHARES <= len(life.failures)
    assert len(made) == len(set(made)) == len(life.engine.resources())
    assert [] == life.engine.calls("delete")
    assert {} == life.up().changes
    life.destroy()
    assert life.before == life.there()
