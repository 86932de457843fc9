"""Prepared projects: made once in a run, copied for each of its processes and again for each test."""

from __future__ import annotations

import gc
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.harness.project import Toy, make_toy, toy_in

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from xdist.remote import Producer

    from tests.harness.shared import Shared
    from tests.harness.units import Units

pytest_plugins = ["tests.harness.shared", "tests.harness.scaffold_fixtures", "tests.harness.cluster.fixtures"]

ENVIRONMENTS = ("dev", "staging", "prod")
LONG = ("engine", "rehearsal", "cluster")
"""Marks of tests that take long, the longest first."""

gc.set_threshold(100_000, 50, 100)  # an eighth of the time of tests went into looking for garbage


def pytest_collection_finish() -> None:
    """Take what was imported for no garbage, once and for all."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Units | None:
    """Give files to processes as units."""
    from tests.harness.units import Units

    return Units(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Take nothing for garbage that the process takes along: pytest would look through all of it once more."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long: whoever is left with one at the end has no company."""
    longest: dict[str, int] = {}
    for item in items:
        rank = next((place for place, mark in enumerate(LONG) if item.get_closest_marker(mark)), len(LONG))
        longest[item.location[0]] = min(rank, longest.get(item.location[0], rank))
    items.sort(key=lambda item: longest[item.location[0]])


@pytest.fixture(autouse=True, scope="session")
def quiet() -> Generator[None]:
    """No telemetry in anything that a test starts, and no `make` that believes another one called it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
            patch.delenv(name, raising=False)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("DO_NOT_TRACK", "true")
        yield


@pytest.fixture(scope="session")
def database(shared: Shared) -> Path:
    """An empty MLflow database: making its schema takes seconds."""

    def make(folder: Path) -> None:
        from mlflow.tracking import MlflowClient

        folder.mkdir()
        address = f"sqlite:///{folder}/mlflow.db"
        MlflowClient(address, address).search_experiments()

    return shared.once("database", make) / "mlflow.db"


@pytest.fixture(scope="session")
def new_toy(database: Path) -> Callable[..., Toy]:
    """Make toy projects whose environments have a database already."""

    def make(folder: Path, **options: object) -> Toy:
        toy = make_toy(folder, **options)
        for name in ENVIRONMENTS:
            shutil.copy(database, toy.environments / name / "mlflow.db")
        return toy

    return make


@pytest.fixture(scope="session")
def prepared_new(new_toy: Callable[..., Toy], shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A project with a built package, not registered yet."""

    def make(folder: Path) -> None:
        toy = new_toy(folder)
        toy.build(wrong_every=5)
        toy.pack()

    return toy_in(shared.once("toy-new", make)).copy(tmp_path_factory.mktemp("new"))


@pytest.fixture(scope="session")
def prepared_released(prepared_new: Toy, shared: Shared, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A project that pins release 1 everywhere, and a better release 2 in dev."""

    def make(folder: Path) -> None:
        toy = prepared_new.copy(folder)
        toy.publish(wrong_every=5)
        toy.advance("staging")
        toy.advance("prod")
        toy.publish(wrong_every=6)
        toy.pack()

    return toy_in(shared.once("toy-released", make)).copy(tmp_path_factory.mktemp("released"))


@pytest.fixture
def toy(prepared_new: Toy, tmp_path: Path) -> Generator[Toy]:
    """A project with a built package, not registered yet."""
    toy = prepared_new.copy(tmp_path)
    yield toy
    toy.stop()


@pytest.fixture
def released(prepared_released: Toy, tmp_path: Path) -> Generator[Toy]:
    """A project that pins release 1 everywhere, and a better release 2 in dev."""
    toy = prepared_released.copy(tmp_path)
    yield toy
    toy.stop()
