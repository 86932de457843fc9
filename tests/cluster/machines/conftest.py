"""A cluster for questions to its scheduler."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager

import pytest

from tests.harness.cluster.plane import Plane


@pytest.fixture(scope="package")
def machines(new_plane: Callable[[], AbstractContextManager[Plane]]) -> Generator[Plane]:
    """A cluster without machines; tests take away those that they make."""
    with new_plane() as plane:
        yield plane


@pytest.fixture(scope="package")
def namespace(machines: Plane) -> Generator[str]:
    """Where pods go."""
    with machines.namespace("jobs") as name:
        yield name
