"""Fixtures of rendered projects, for `pytest_plugins` of tests/conftest.py: read what they give, never change it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.bytecode import keep_bytecode
from tests.harness.scaffold import (
    Platform,
    commit_all,
    commit_template,
    environment,
    git,
    run,
    snapshot_platform,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.harness.shared import Shared


@pytest.fixture(scope="session")
def platform(shared: Shared) -> Platform:
    """A platform that is nothing but its template, as the working tree has it: for what is rendered and not set up."""
    return _platform(shared, "template", commit_template)


@pytest.fixture(scope="session")
def whole_platform(shared: Shared) -> Platform:
    """A clone of the working tree, with its history."""
    return _platform(shared, "platform", snapshot_platform)


def _platform(shared: Shared, name: str, make: Callable[[Path], str]) -> Platform:
    source = shared.once(name, lambda folder: make(folder / "platform")) / "platform"
    return Platform(source, git(source, "rev-parse", "HEAD"))


@pytest.fixture(scope="session")
def rendered(platform: Platform, shared: Shared) -> Path:
    """A project with the default answers."""
    return shared.once("rendered", lambda folder: platform.render(folder / "churn")) / "churn"


@pytest.fixture(scope="session")
def set_up_project(whole_platform: Platform, shared: Shared) -> Path:
    """A project after `make setup`, as its README says."""

    def make(folder: Path) -> None:
        _make(whole_platform.render(folder / "churn"), "setup")

    return shared.once("project", make) / "churn"


@pytest.fixture(scope="session")
def trained_project(set_up_project: Path, shared: Shared) -> Path:
    """The same project after `make train`, committed; what it compiled is kept for the next environments."""

    def make(_: Path) -> None:
        _make(set_up_project, "train")
        keep_bytecode(set_up_project, Path(environment()["UV_CACHE_DIR"]))
        commit_all(set_up_project, "Train")

    shared.once("training", make)
    return set_up_project


def _make(project: Path, target: str) -> None:
    done = run(project, "make", target)
    assert 0 == done.returncode, done.stdout


def rendered_for(
    answers: Mapping[str, Mapping[str, Any]], platform: Platform, shared: Shared, name: str
) -> dict[str, Path]:
    """Return a project for each set of answers, rendered once in the run under a name."""
    numbered = list(enumerate(answers.items()))

    def make(folder: Path) -> None:
        for number, (_, given) in numbered:
            platform.render(folder / str(number), **given)

    folder = shared.once(name, make)
    return {title: folder / str(number) for number, (title, _) in numbered}
