"""What the programs of the examples register, for tests that put it into a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import TopologicalSorter
from typing import Any

import yaml

from components.recording import STACK, RecordedResource, Secret, record
from stacks.environment.config import AnyEnvironmentSpec, read_stack_file
from stacks.environment.program import program
from stacks.project.config import KEY, PLATFORMS, project_stack
from stacks.project.program import program as project_program
from tests.harness.engine.tools import ROOT

EXAMPLES = ROOT / "stacks" / "examples"


@cache
def spec_of(shape: str, environment: str) -> AnyEnvironmentSpec:
    """Return what a person wrote for an environment of the examples."""
    return read_stack_file(EXAMPLES / shape / f"Pulumi.{environment}.yaml")


@cache
def environment_resources(shape: str, environment: str) -> tuple[RecordedResource, ...]:
    """Return what an environment of the examples registers."""
    spec = spec_of(shape, environment)
    return tuple(record(lambda: program(spec), project="stackwright-environment", stack=environment))


def platform_of(resources: Iterable[RecordedResource]) -> dict[str, Any]:
    """Return what the stacks of projects may know of an environment."""
    (root,) = [item for item in resources if item.type == STACK]
    return dict(root.outputs["platform"])


def project_values(shape: str, name: str) -> dict[str, Any]:
    """Return what the stack file of a project of the examples says."""
    return yaml.safe_load((EXAMPLES / shape / "projects" / f"Pulumi.{name}.yaml").read_text())["config"][KEY]


def project_resources(shape: str, values: Mapping[str, Any]) -> tuple[RecordedResource, ...]:
    """Return what a project registers in an environment of the examples."""
    stack = f"{values['project']}-{values['environment']}"
    platforms = EXAMPLES / shape / "projects" / PLATFORMS
    spec, platform = project_stack(dict(values), f"Pulumi.{stack}.yaml", stack, platforms)
    return tuple(record(lambda: project_program(spec, platform), project="stackwright-project", stack=stack))


def objects_of(resources: Iterable[RecordedResource]) -> list[dict[str, Any]]:
    """Return the Kubernetes objects that a program registers, in an order in which they can be made.

    Helm releases are none. What only a provider knows stays a placeholder: `${…}`.
    """
    by_urn = {item.urn: item for item in resources}
    order = TopologicalSorter({urn: [*item.dependencies] for urn, item in by_urn.items()}).static_order()
    found = [by_urn[urn] for urn in order if urn in by_urn]
    return [_whole(item.inputs) for item in found if item.type.startswith("kubernetes:") and not _is_release(item)]


def _is_release(item: RecordedResource) -> bool:
    return item.type == "kubernetes:helm.sh/v3:Release"


def _whole(value: Any) -> Any:
    """Return a value as JSON has it: whole numbers without a point, secrets in the clear."""
    match value:
        case Secret():
            return _whole(value.value)
        case Mapping():
            return {key: _whole(item) for key, item in value.items()}
        case list() | tuple():
            return [_whole(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
