"""Read YAML and JSON documents into models: every problem at once, path first."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from components.errors import UserError, problems_of

Model = TypeVar("Model", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: no dates, no `on` and `off`, no duplicate keys (Pulumi reads it alike)."""

    yaml_implicit_resolvers: ClassVar = {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"}
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key: Any = self.construct_object(key_node, deep=True)  # pyright: ignore[reportUnknownMemberType]
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"`{key}` is given twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


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
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{where}: not YAML: {error}") from error


def parse_json(text: str | bytes, where: str) -> Any:
    """Parse one JSON document, or say where it breaks; NaN and Infinity are not JSON."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (json.JSONDecodeError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{where}: not JSON: {error}") from error


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number that JSON can hold")


def validate(value: Any, model: type[Model], where: str) -> Model:
    """Turn plain values into a model, or name every problem."""
    if not isinstance(value, dict):
        raise UserError(f"{where}: expected a mapping of fields, found `{value!r:.40}`")
    try:
        return model.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        raise UserError(problems_of(error, where, model)) from error


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
    value = parse_json(content, where) if where.endswith(".json") else parse_yaml(content, where)
    return validate(value, model, where)
