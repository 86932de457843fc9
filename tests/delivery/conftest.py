"""One prepared project for all executed workflows."""

from __future__ import annotations

import fcntl
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.harness.act.build import site
from tests.harness.act.network import need_network
from tests.harness.act.prepared import prepare
from tests.harness.act.site import Site
from tests.harness.scaffold import Platform
from tests.harness.shared import Shared
from tests.harness.workflows import need_tool


@pytest.fixture(scope="session")
def can_execute() -> None:
    """Skip where workflows cannot be executed; in CI, fail."""
    need_tool("act")
    need_network()


@pytest.fixture(scope="session")
def prepared_project(can_execute: None, whole_platform: Platform, shared: Shared) -> Path:
    """A project that is set up and not connected; jobs take its environments from here."""
    return shared.once("delivered", lambda folder: prepare(whole_platform, folder)) / "churn"


@pytest.fixture
def delivery(prepared_project: Path, database: Path, tmp_path: Path) -> Generator[Site]:
    """The project at its host, connected to three environments; nothing is released yet.

    One at a time, of all workers: jobs install the project of their own checkout into the prepared environment.
    """
    with prepared_project.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with site(prepared_project, database, tmp_path) as made:
            yield made
