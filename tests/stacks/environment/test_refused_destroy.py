"""What a destroy walks that is refused: every path of dependencies from what it may not delete."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

import pytest

from pipelines.plan.record import record
from stacks.environment.config import read_stack_file
from stacks.environment.program import program

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples"
MOST = 1_000_000
"""Paths that the engine (3.220.0) walks within seconds."""


@pytest.mark.parametrize("shape", ["aws", "kubernetes"])
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_few_paths_lead_from_what_is_protected(shape: str, environment: str) -> None:
    """So that it ends in seconds: what is protected waits for little (`Component.data`)."""
    spec = read_stack_file(EXAMPLES / shape / f"Pulumi.{environment}.yaml")
    graph = record(partial(program, spec), project="stackwright-environment", stack=environment)

    @cache
    def paths(urn: str) -> int:
        found = graph.by_urn.get(urn)
        return 1 + (sum(map(paths, {*found.dependencies, found.parent} - {""})) if found else 0)

    protected = {resource.label: paths(resource.urn) for resource in graph.managed if resource.protect}
    assert protected
    assert {} == {label: number for label, number in protected.items() if number > MOST}
