"""Read YAML and JSON documents into models: every problem at once, path first."""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError, create_model

from components.base import Document
from components.errors import UserError, problems_of

Model = TypeVar("Model", bound=BaseModel)

_SLIPS = (ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What PyYAML raises beside its own errors for a value that is not what its tag says, or is nested too deep."""


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: no dates, no `on` and `off`, no duplicate keys (Pulumi reads it alike)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key_node.start_mark)
            if key_node.value in seen:
                told = f"`{key_node.value}` is given twice"
                raise yaml.constructor.ConstructorError(None, None, told, key_node.start_mark)
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)


_SURPRISING = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _SURPRISING]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(  # pyright: ignore[reportUnknownMemberType]
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def parse_yaml(text: str | bytes, where: str) -> Any:
    """Parse one YAML document, or say where it breaks."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{where}: line {line}: {error.problem}") from error
    except (yaml.YAMLError, *_SLIPS) as error:
        raise UserError(f"{where}: not YAML: {_one_line(error)}") from error


def parse_json(text: str | bytes, where: str) -> Any:
    """Parse one JSON document, or say where it breaks; NaN and Infinity are not JSON."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_twins)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: not JSON: {_one_line(error)}") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number that JSON can hold")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"`{name}` is given twice")
    return found


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def validate(value: Any, model: type[Model], where: str) -> Model:
    """Turn plain values into a model, or name every problem."""
    if not isinstance(value, dict):
        raise UserError(f"{where}: expected a mapping of fields, found `{value!r:.40}`")
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise UserError(f"{where}: holds what JSON cannot: {_one_line(error)}") from error
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise UserError(problems_of(error, where, model)) from error


def readable(value: Any, model: type[BaseModel]) -> dict[str, Any]:
    """Return the fields that are right by themselves, for what can be said of them although others are wrong."""
    found: dict[str, Any] = {}
    given = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    for name, field in model.model_fields.items():
        definition: dict[str, Any] = {name: (field.annotation, field)}
        alone = create_model(name, __base__=Document, **definition)
        with suppress(UserError):
            only = {name: given[name]} if name in given else {}
            found[name] = getattr(validate(only, alone, ""), name)
    return found


def load(path: Path, model: type[Model], where: str | None = None) -> Model:
    """Read a YAML or JSON file into a model."""
    name = where or str(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{name}: cannot be read: {error.strerror}") from error
    return parse(content, model, name)


def parse(content: bytes, model: type[Model], where: str) -> Model:
    """Read the bytes of a YAML or JSON file (told by the ending of `where`) into a model."""
    return cast("Model", _parsed(content, model, where))


@functools.lru_cache(maxsize=64)
def _parsed(content: bytes, model: type[BaseModel], where: str) -> BaseModel:
    """Parse what a command reads again and again only once; what it gets nobody can change."""
    value = parse_json(content, where) if where.endswith(".json") else parse_yaml(content, where)
    return validate(value, model, where)
