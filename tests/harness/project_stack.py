"""The stack of a project, recorded."""

from __future__ import annotations

import json
import shutil
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.plan.record import record
from stacks.load import validate
from stacks.platform import Platform
from stacks.project.config import KEY, project_stack
from stacks.project.program import program

if TYPE_CHECKING:
    from pipelines.plan.graph import Graph

EXAMPLES = Path(__file__).parents[2] / "stacks" / "examples" / "aws" / "projects"


def example(name: str = "churn-dev") -> dict[str, Any]:
    """Return what the stack file of an example says."""
    return yaml.safe_load((EXAMPLES / f"Pulumi.{name}.yaml").read_text())["config"][KEY]


def platform(environment: str = "dev", **changes: Any) -> Platform:
    """Return an example's platform with other values."""
    document = json.loads((EXAMPLES / "platform" / f"{environment}.json").read_text())
    return validate(document | changes, Platform, environment)


def recorded(value: dict[str, Any], **changes: Any) -> Graph:
    """Record a project by the values of its stack file, on a platform with other values."""
    return _recorded(json.dumps(value), json.dumps(changes))


@cache
def _recorded(value: str, changes: str) -> Graph:
    fields = json.loads(value)
    stack = f"{fields['project']}-{fields['environment']}"
    spec, _ = project_stack(fields, f"Pulumi.{stack}.yaml", stack, EXAMPLES / "platform")
    there = platform(fields["environment"], **json.loads(changes))
    return record(partial(program, spec, there), project="stackwright-project", stack=stack)


def copy_examples(folder: Path) -> Path:
    """Copy the examples, to change them."""
    return shutil.copytree(EXAMPLES, folder / "projects")
