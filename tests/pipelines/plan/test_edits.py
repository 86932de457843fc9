"""What edits of a reference stack file do to data."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from pipelines.plan.diff import Action
from pipelines.plan.record import save_graph
from pipelines.plan.run import PlanResult, plan_stack
from stacks.environment.config import AnyEnvironmentSpec
from stacks.environment.program import program
from tests.harness.environments import spec_of

PROJECT = "stackwright-environment"


@cache
def planned(shape: str) -> PlanResult:
    """Return the plan of a reference environment."""
    spec = spec_of(shape, "prod")
    return plan_stack(lambda: program(spec), project=PROJECT, stack="prod")


Edit = Callable[[AnyEnvironmentSpec], dict[str, object]]


def of(kind: str, **changes: object) -> Edit:
    """Return an edit of one kind."""
    return lambda spec: {kind: getattr(spec, kind).model_copy(update=changes)}


BUCKET, INSTANCE = "aws:s3/bucket:Bucket", "aws:rds/instance:Instance"
CLUSTER, HOME = "kubernetes:postgresql.cnpg.io/v1:Cluster", "kubernetes:core/v1:Namespace"

EDITS: dict[str, tuple[str, Edit, str, Action | None]] = {
    "bigger database": ("aws", of("database", instance_class="db.m7g.2xlarge"), INSTANCE, Action.UPDATE),
    "other first database": ("aws", of("database", database="other"), INSTANCE, Action.REPLACE),
    "other organization": ("aws", lambda _: {"organization": "other"}, BUCKET, Action.REPLACE),
    "longer history": ("aws", of("artifact_store", noncurrent_expiration_days=365), BUCKET, None),
    "bigger database in a cluster": ("kubernetes", of("database", storage_gib=500), CLUSTER, Action.UPDATE),
    "more samples in a cluster": ("kubernetes", of("monitoring", retention_days=90), HOME, None),
    "another address of the cluster": ("kubernetes", of("cluster", endpoint="https://other.example"), CLUSTER, None),
    "another cluster": ("kubernetes", of("cluster", identifier="0f5d7a52"), CLUSTER, Action.MAY_REPLACE),
}


@pytest.mark.parametrize(("shape", "edit", "type_", "expected"), EDITS.values(), ids=list(EDITS))
def test_an_edited_stack_file_says_what_it_does_to_data(
    tmp_path: Path, shape: str, edit: Edit, type_: str, expected: Action | None
) -> None:
    """A reviewer sees whether a line of YAML resizes a database or empties it; only the latter blocks."""
    save_graph(planned(shape).graph, tmp_path / "prod.json")
    spec = spec_of(shape, "prod")
    changed = spec.model_copy(update=edit(spec))

    result = plan_stack(lambda: program(changed), project=PROJECT, stack="prod", saved=tmp_path / "prod.json")

    assert result.difference
    found = {one.action for one in result.difference.changes if one.type == type_}
    assert ({expected} if expected else set()) == found
    assert (4 if expected in {Action.REPLACE, Action.MAY_REPLACE} else 0) == result.exit_code
