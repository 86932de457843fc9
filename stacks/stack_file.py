"""From a stack file to the spec of its program: every problem at once, before any resource is registered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar, cast

from components.base import Document
from components.errors import UserError
from stacks.load import parse_yaml, readable, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

PLACEHOLDER = re.compile(r"CHANGE[-_ ]?ME|TODO|FIXME|<[^<>]+>", re.IGNORECASE)

Flaw = tuple[str, str]
"""The path as a person types it, and what is wrong there."""

Model = TypeVar("Model", bound=Document)


def stack_of(path: Path) -> str:
    """Return the stack that a file `Pulumi.<stack>.yaml` is of."""
    return path.name.removeprefix("Pulumi.").removesuffix(".yaml")


def read_config(path: Path, key: str) -> Any:
    """Return what a stack file says under a key, as `pulumi up` would read it."""
    where = str(path)
    try:
        document = parse_yaml(path.read_bytes(), where)
    except OSError as error:
        raise UserError(f"{where}: cannot be read: {error.strerror}") from error
    config = _fields(_fields(document).get("config"))
    if key not in config:
        raise UserError(f"{where}: config.{key}: missing; `stacks/examples` shows what belongs there")
    return config[key]


def config_of_engine(key: str) -> Any:
    """Return what the engine gives to the program under a key."""
    import pulumi

    namespace, _, name = key.partition(":")
    return pulumi.Config(namespace).require_object(name)


def checked(
    value: Any,
    model: type[Model],
    where: str,
    together: Callable[[Mapping[str, Any]], Iterable[Flaw]],
    instead: Sequence[Flaw] = (),
) -> Model:
    """Turn configuration into a spec, or name every problem.

    Args:
        value: What the stack file says.
        model: What it should be.
        where: The file, for messages.
        together: Finds what cannot be together, of those fields that are right by themselves.
        instead: What is said in the place of what the model says at the same path.
    """
    flaws = [*_unusable(value, "")]
    try:
        spec = validate(value, model, where)
    except UserError as error:
        flaws += [*instead, *together(readable(value, model))]
        replaced = tuple(f"{where}: {path}: " for path, _ in instead)
        rest = [problem for problem in error.problems if not problem.startswith(replaced)]
        raise UserError([*lines(flaws, where), *rest]) from error
    flaws += together(dict(spec))
    if flaws:
        raise UserError(lines(flaws, where))
    return spec


def lines(flaws: Iterable[Flaw], where: str) -> list[str]:
    """Say each flaw in one line."""
    return [f"{where}: {path}: {told}" for path, told in flaws]


def _unusable(value: Any, path: str) -> Iterator[Flaw]:
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
