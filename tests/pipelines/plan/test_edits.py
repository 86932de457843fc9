"""What edits of a reference stack file do to data."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pipelines.plan.diff import Action
from pipelines.plan.record import save_graph
from pipelines.plan.run import PlanResult, plan_stack
from stacks.environment.config import read_stack_file
from stacks.environment.program import program
from stacks.environment.spec import EnvironmentSpec

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"

PROJECT = "stackwright-environment"


def example(environment: str) -> EnvironmentSpec:
    """Return the spec of a reference environment."""
    return read_stack_file(EXAMPLES / f"Pulumi.{environment}.yaml")


@cache
def planned(environment: str) -> PlanResult:
    """Return the plan of a reference environment."""
    spec = example(environment)
    return plan_stack(lambda: program(spec), project=PROJECT, stack=environment)


Edit = Callable[[EnvironmentSpec], dict[str, object]]

EDITS: dict[str, tuple[Edit, str, Action | None]] = {
    "bigger database": (
        lambda spec: {"database": spec.database.model_copy(update={"instance_class": "db.m7g.2xlarge"})},
        "aws:rds/instance:Instance",
        Action.UPDATE,
    ),
    "other first database": (
        lambda spec: {"database": spec.database.model_copy(update={"database": "other"})},
        "aws:rds/instance:Instance",
        Action.REPLACE,
    ),
    "other organization": (lambda spec: {"organization": "other"}, "aws:s3/bucket:Bucket", Action.REPLACE),
    "longer history": (
        lambda spec: {"artifact_store": spec.artifact_store.model_copy(update={"noncurrent_expiration_days": 365})},
        "aws:s3/bucket:Bucket",
        None,
    ),
}


@pytest.mark.parametrize(("edit", "type_", "expected"), EDITS.values(), ids=list(EDITS))
def test_an_edited_stack_file_says_what_it_does_to_data(
    tmp_path: Path, edit: Edit, type_: str, expected: Action | None
) -> None:
    """A reviewer sees whether a line of YAML resizes a database or empties it; only the latter blocks."""
    save_graph(planned("prod").graph, tmp_path / "prod.json")
    changed = example("prod").model_copy(update=edit(example("prod")))

    result = plan_stack(lambda: program(changed), project=PROJECT, stack="prod", saved=tmp_path / "prod.json")

    assert result.difference
    found = {one.action for one in result.difference.changes if one.type == type_}
    assert ({expected} if expected else set()) == found
    assert (4 if expected is Action.REPLACE else 0) == result.exit_code
