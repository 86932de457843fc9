"""From a stack file to the spec of an environment: every problem at once, before any resource is registered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from components.own_flavors import with_own_flavors
from stacks.environment.combinations import misfits
from stacks.environment.every import foreign_flavors
from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec
from stacks.environment.spec import EnvironmentSpec
from stacks.shapes import of_shape
from stacks.stack_file import checked, config_of_engine, read_config, stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stacks.stack_file import Flaw

KEY = "stackwright:environment"

AnyEnvironmentSpec = EnvironmentSpec | KubernetesEnvironmentSpec
"""What a person writes for an environment of any shape."""

SPECS: Mapping[str, type[AnyEnvironmentSpec]] = {"aws": EnvironmentSpec, "kubernetes": KubernetesEnvironmentSpec}
"""Shape -> what a person writes for an environment of it."""


def read_stack_file(path: Path) -> AnyEnvironmentSpec:
    """Read `Pulumi.<environment>.yaml`, as `pulumi up` would."""
    return environment_spec(read_config(path, KEY), str(path), stack_of(path))


def from_engine() -> AnyEnvironmentSpec:
    """Read the configuration that the engine gives to the program."""
    import pulumi

    stack = pulumi.get_stack()
    return environment_spec(config_of_engine(KEY), f"Pulumi.{stack}.yaml", stack)


def environment_spec(value: Any, where: str, stack: str) -> AnyEnvironmentSpec:
    """Turn configuration into a spec, or name every problem."""
    model = of_shape(value, SPECS, where)
    wider = with_own_flavors(model)
    return checked(value, wider, where, partial(_together, stack), [*foreign_flavors(value, wider)])


def _together(stack: str, fields: Mapping[str, Any]) -> Iterator[Flaw]:
    name = fields.get("environment")
    if name is not None and name != stack:
        yield "environment", f"`{name}` is not the stack `{stack}`; rename one of them"
    yield from misfits(fields)
