"""From a stack file to the spec of an environment: every problem at once, before any resource is registered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from components.errors import UserError
from stacks.environment.spec import EnvironmentSpec
from stacks.load import parse_yaml, validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "stackwright:environment"
PLACEHOLDER = re.compile(r"CHANGE[-_ ]?ME|TODO|FIXME|<[^<>]+>", re.IGNORECASE)


def read_stack_file(path: Path) -> EnvironmentSpec:
    """Read `Pulumi.<environment>.yaml`, as `pulumi up` would."""
    where = str(path)
    try:
        document = parse_yaml(path.read_bytes(), where)
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}") from error
    config = _fields(_fields(document).get("config"))
    if KEY not in config:
        raise UserError(f"{where}: config.{KEY}: missing; `stacks/examples` shows what belongs there")
    return environment_spec(config[KEY], where, path.name.removeprefix("Pulumi.").removesuffix(".yaml"))


def from_engine() -> EnvironmentSpec:
    """Read the configuration that the engine gives to the program."""
    import pulumi

    stack = pulumi.get_stack()
    namespace, _, name = KEY.partition(":")
    return environment_spec(pulumi.Config(namespace).require_object(name), f"Pulumi.{stack}.yaml", stack)


def environment_spec(value: Any, where: str, stack: str) -> EnvironmentSpec:
    """Turn configuration into a spec, or name every problem."""
    problems = [f"{where}: {path}: {told}" for path, told in _unusable(value, "")]
    try:
        spec = validate(value, EnvironmentSpec, where)
    except UserError as error:
        raise UserError([*problems, *error.problems]) from error
    if spec.environment != stack:
        problems.append(f"{where}: environment: `{spec.environment}` is not the stack `{stack}`; rename one of them")
    if problems:
        raise UserError(problems)
    return spec


def _unusable(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield secrets and values that nobody has filled in yet."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if "secure" in fields:
            yield path, "`secure` values do not belong into a spec; name the secret instead"
        for name, item in fields.items():
            yield from _unusable(item, f"{path}.{name}".strip("."))
    elif isinstance(value, list):
        for place, item in enumerate(cast("list[Any]", value)):
            yield from _unusable(item, f"{path}.{place}")
    elif isinstance(value, str) and PLACEHOLDER.search(value):
        yield path, f"`{value}` is a placeholder; write your own value"


def _fields(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
