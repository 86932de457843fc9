"""One clone of the platform for all tests of the template."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.scaffold import Platform, snapshot_platform

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A clone of the working tree."""
    source = tmp_path_factory.mktemp("source") / "platform"
    return Platform(source, snapshot_platform(source))


@pytest.fixture(scope="session")
def rendered(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the default answers; read it, never change it."""
    return platform.render(tmp_path_factory.mktemp("rendered") / "churn")
