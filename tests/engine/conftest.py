"""Stacks of their own, each in an account of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator

import pytest

from tests.harness.aws import moto_server
from tests.harness.engine.environments import aws_environment
from tests.harness.engine.stack import Engine
from tests.harness.engine.tools import ROOT, need_engine


@pytest.fixture(scope="session")
def endpoint() -> Generator[str]:
    """Every account of moto, on loopback."""
    need_engine()
    with moto_server(managed_policies=True) as address:
        yield address


@pytest.fixture(scope="session")
def small(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Engine]:
    """Make stacks for programs of a few lines, each in a new account."""
    numbers = itertools.count(444444444400)

    def make() -> Engine:
        project = ROOT / "tests" / "harness" / "engine" / "small"
        folder = tmp_path_factory.mktemp("small") / "stack"
        return Engine(folder, project, stack="test", account=str(next(numbers)), endpoint=endpoint)

    return make


@pytest.fixture(scope="session")
def environment(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Engine]:
    """Make the stack of an environment from the example's own file, in its account or in another."""

    def make(name: str, account: str | None = None) -> Engine:
        return aws_environment(tmp_path_factory.mktemp(name) / "stack", name, endpoint, account)

    return make
