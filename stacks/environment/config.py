"""From a stack file to the spec of an environment: every problem at once, before any resource is registered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from components.own_flavors import with_own_flavors
from stacks.environment.spec import EnvironmentSpec
from stacks.stack_file import checked, config_of_engine, read_config, stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KEY = "stackwright:environment"


def read_stack_file(path: Path) -> EnvironmentSpec:
    """Read `Pulumi.<environment>.yaml`, as `pulumi up` would."""
    return environment_spec(read_config(path, KEY), str(path), stack_of(path))


def from_engine() -> EnvironmentSpec:
    """Read the configuration that the engine gives to the program."""
    import pulumi

    stack = pulumi.get_stack()
    return environment_spec(config_of_engine(KEY), f"Pulumi.{stack}.yaml", stack)


def environment_spec(value: Any, where: str, stack: str) -> EnvironmentSpec:
    """Turn configuration into a spec, or name every problem."""
    return checked(value, with_own_flavors(EnvironmentSpec), where, partial(_together, stack))


def _together(stack: str, fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    name = fields.get("environment")
    if name is not None and name != stack:
        yield "environment", f"`{name}` is not the stack `{stack}`; rename one of them"
