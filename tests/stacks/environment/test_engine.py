"""The example of dev under the real Pulumi engine, with a provider of ours that makes things in moto."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from stacks.environment.config import from_engine
from stacks.environment.program import program
from tests.harness.aws import moto_server
from tests.harness.engine.stack import Engine
from tests.harness.engine.tools import need_engine

STACKS = Path(__file__).parents[3] / "stacks"
FILE = STACKS / "examples" / "aws" / "Pulumi.dev.yaml"


@pytest.fixture
def engine(tmp_path: Path) -> Generator[Engine]:
    """The real engine on an empty account."""
    need_engine()
    with moto_server() as endpoint:
        yield Engine(
            tmp_path / "engine",
            STACKS / "environment",
            stack="dev",
            account="111111111111",
            endpoint=endpoint,
            stack_file=FILE,
        )


@pytest.mark.engine
def test_the_example_of_dev_goes_up_and_down(engine: Engine) -> None:
    """Up makes what the preview said, up again changes nothing, and destroy leaves nothing."""

    def run() -> None:
        program(from_engine())

    previewed = engine.preview(run).changes
    assert previewed == engine.up(run).changes
    assert {"create"} == set(previewed)
    assert {} == engine.up(run).changes
    assert {"delete": previewed["create"]} == engine.destroy(run).changes
    assert [] == engine.resources()
