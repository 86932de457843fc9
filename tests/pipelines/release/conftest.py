"""A project whose staging pins the second release, made once in a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.project import Toy, toy_in

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.harness.shared import Shared


@pytest.fixture(scope="session")
def prepared_forward(prepared_released: Toy, shared: Shared) -> Toy:
    """A project that pins release 2 in dev and staging, and release 1 in prod; for reading only."""

    def make(folder: Path) -> None:
        toy = prepared_released.copy(folder)
        toy.advance("staging")
        toy.pack()

    return toy_in(shared.once("toy-forward", make))


@pytest.fixture
def forward(prepared_forward: Toy, tmp_path: Path) -> Generator[Toy]:
    """A project that pins release 2 in dev and staging, where release 1 was before, and release 1 in prod."""
    toy = prepared_forward.copy(tmp_path)
    yield toy
    toy.stop()
