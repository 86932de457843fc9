"""The stack of a project, recorded."""

from __future__ import annotations

import json
import shutil
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.plan.record import record
from stacks.platform import KubernetesPlatform, Platform, platform_of
from stacks.project.config import KEY, PLATFORMS, project_stack
from stacks.project.program import program

if TYPE_CHECKING:
    from pipelines.plan.graph import Graph
    from stacks.platform import AnyPlatform

SHAPES = Path(__file__).parents[2] / "stacks" / "examples"
EXAMPLES = SHAPES / "aws" / "projects"
KUBERNETES = SHAPES / "kubernetes" / "projects"


def example(name: str = "churn-dev", folder: Path = EXAMPLES) -> dict[str, Any]:
    """Return what the stack file of an example says."""
    return yaml.safe_load((folder / f"Pulumi.{name}.yaml").read_text())["config"][KEY]


def platform(environment: str = "dev", **changes: Any) -> Platform:
    """Return an example's platform in AWS with other values."""
    found = _platform(EXAMPLES, environment, changes)
    assert isinstance(found, Platform)
    return found


def kubernetes_platform(environment: str = "dev", **changes: Any) -> KubernetesPlatform:
    """Return an example's platform without a cloud with other values."""
    found = _platform(KUBERNETES, environment, changes)
    assert isinstance(found, KubernetesPlatform)
    return found


def _platform(folder: Path, environment: str, changes: dict[str, Any]) -> AnyPlatform:
    document = json.loads((folder / PLATFORMS / f"{environment}.json").read_text())
    return platform_of(document | changes, environment)


def recorded(value: dict[str, Any], folder: Path = EXAMPLES, **changes: Any) -> Graph:
    """Record a project by the values of its stack file, on a platform with other values."""
    return _recorded(json.dumps(value), folder, json.dumps(changes))


@cache
def _recorded(value: str, folder: Path, changes: str) -> Graph:
    fields = json.loads(value)
    stack = f"{fields['project']}-{fields['environment']}"
    spec, _ = project_stack(fields, f"Pulumi.{stack}.yaml", stack, folder / PLATFORMS)
    there = _platform(folder, fields["environment"], json.loads(changes))
    return record(partial(program, spec, there), project="stackwright-project", stack=stack)


def copy_examples(folder: Path, examples: Path = EXAMPLES) -> Path:
    """Copy the examples, to change them."""
    return shutil.copytree(examples, folder / "projects")
