"""Projects that deploy to a cluster of their own."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager

import pytest

from tests.harness.cluster.nodes import plain_node
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.serving import Home
from tests.harness.cluster.tenants import settle


@pytest.fixture(scope="package")
def settled(new_plane: Callable[[], AbstractContextManager[Plane]]) -> Generator[dict[str, Home]]:
    """A cluster with a project of each shape, and room for their pods."""
    with new_plane() as plane:
        plane.install_crds(["gateway.networking.k8s.io", "monitoring.coreos.com"])
        plane.add_nodes(plain_node("one"), plain_node("two"))
        names = {"kubernetes": "churn", "aws": "fraud"}
        yield {shape: Home(plane, settle(plane, shape, name)) for shape, name in names.items()}


@pytest.fixture
def home(settled: dict[str, Home]) -> Generator[Home]:
    """The namespace of a project, with nothing deployed."""
    yield from _empty(settled["kubernetes"])


@pytest.fixture(params=["kubernetes", "aws"])
def each_home(settled: dict[str, Home], request: pytest.FixtureRequest) -> Generator[Home]:
    """The same, of each shape: routes are of different kinds, and so are the rules about them."""
    yield from _empty(settled[request.param])


def _empty(home: Home) -> Generator[Home]:
    yield home
    home.clear()
    assert {} == home.objects()
