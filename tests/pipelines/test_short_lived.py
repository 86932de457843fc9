"""Work of a process that ends soon afterwards."""

from __future__ import annotations

import gc

import pytest

from pipelines.short_lived import short_lived


@short_lived()
def fail(seen: list[bool]) -> None:
    """Note whether garbage is collected, and fail."""
    seen.append(gc.isenabled())
    raise ZeroDivisionError


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(enabled: bool) -> None:
    """Nothing is collected inside; afterwards, and after a failure too, it is as before."""
    seen: list[bool] = []
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError):
            fail(seen)
        seen.append(gc.isenabled())
    finally:
        gc.enable()
        gc.unfreeze()

    assert [False, enabled] == seen
