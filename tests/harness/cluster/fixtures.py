"""Fixtures of the plane, for `pytest_plugins` of tests/conftest.py."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

import pytest

from tests.harness.cluster.tools import need_plane

if TYPE_CHECKING:
    from tests.harness.cluster.plane import Plane
    from tests.harness.shared import Shared

_PLANES = pytest.StashKey[list["Plane"]]()


@pytest.fixture(scope="module")
def plane(request: pytest.FixtureRequest, shared: Shared) -> Generator[Plane]:
    """The control plane that everybody shares who wants one at the same time; see tests/harness/cluster."""
    need_plane()
    from tests.harness.cluster.running import using

    with using(shared.folder("plane")) as running, _remembered(request.config, running):
        yield running


@pytest.fixture(scope="session")
def new_plane(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], contextlib.AbstractContextManager[Plane]]:
    """How a test makes control planes of its own, as contexts."""
    need_plane()
    from tests.harness.cluster.running import using

    @contextlib.contextmanager
    def make() -> Generator[Plane]:
        with using(tmp_path_factory.mktemp("plane")) as running, _remembered(request.config, running):
            yield running

    return make


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None]:
    """Add what the programs said last to the report of a test that failed."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.failed and {"plane", "new_plane"} & set(getattr(item, "fixturenames", ())):
        for running in item.config.stash.get(_PLANES, []):
            report.sections += [(f"{name} of the plane", tail) for name, tail in running.tails().items() if tail]


@contextlib.contextmanager
def _remembered(config: pytest.Config, running: Plane) -> Generator[None]:
    planes = config.stash.setdefault(_PLANES, [])
    planes.append(running)
    yield
    planes.remove(running)
