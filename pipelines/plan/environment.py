"""The offline plan of a stack file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.plan.run import plan_environment
from stacks.environment.config import read_stack_file

if TYPE_CHECKING:
    from pipelines.plan.run import PlanResult


def plan_stack_file(
    folder: Path, environment: str, saved: Path | None = None, *, allow_stateful_replacement: bool = False
) -> PlanResult:
    """Plan `Pulumi.<environment>.yaml` of a folder, with its `suppressions.yaml` if there is one."""
    spec = read_stack_file(folder / f"Pulumi.{environment}.yaml")
    try:
        from stacks.environment.program import program
    except ModuleNotFoundError as error:
        raise UserError(f"plan: needs {error.name}; install `stackwright[plan]`") from error
    return plan_environment(
        partial(program, spec),
        environment=environment,
        saved=saved,
        suppressions=folder / "suppressions.yaml",
        allow_stateful_replacement=allow_stateful_replacement,
    )
