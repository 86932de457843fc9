"""The first `up` of an environment whose API server answers inside of its network only."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.harness.engine import programs
from tests.harness.engine.stack import Engine

pytestmark = pytest.mark.engine

OUTSIDE = {"exclude": ["**pulumi:providers:kubernetes::**"], "exclude_dependents": True}
"""What docs/from-nothing-to-prod.md gives to the first `up`: nothing that needs the API server."""


def types(engine: Engine) -> set[str]:
    """Return the packages of all that a stack holds."""
    return {item["type"].partition(":")[0] for item in engine.resources()}


def test_a_private_environment_comes_up_in_two_steps(environment: Callable[..., Engine]) -> None:
    """From outside comes what AWS itself makes, runners among it; from them the rest; then nothing is left to do."""
    engine = environment("staging", "777777777701")

    engine.up(programs.environment, **OUTSIDE)
    outside = types(engine)
    first = len(engine.calls("create"))
    engine.up(programs.environment)

    assert {"aws"} == outside
    assert {"aws", "kubernetes"} == types(engine)
    assert 0 < first < len(engine.calls("create"))
    assert len(engine.resources()) == len(engine.calls("create"))
    assert [] == [engine.calls(verb) for verb in ("update", "delete") if engine.calls(verb)]
    assert {} == engine.up(programs.environment).changes
