"""The errors that a person can act on; every other exception is a bug."""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel, ValidationError


class UserError(Exception):
    """Input that cannot be used: each problem is one line, `where: what; allowed; what to do`."""

    exit_code = 1

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else sorted(problems)
        super().__init__("\n".join(self.problems))


class Blocked(UserError):  # noqa: N818 - a gate that says no is a result, not a failure
    """A gate says no: nothing is wrong with the call, and nothing was changed."""

    exit_code = 4


def closest(word: str, allowed: Iterable[str]) -> str:
    """Return `; did you mean …?` for the nearest allowed word, or nothing."""
    near = difflib.get_close_matches(word, list(allowed), n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def problems_of(error: ValidationError, where: str, model: type[BaseModel]) -> list[str]:
    """Say each problem of a validation in one line, with the path that the person typed."""
    return [_printable(_line(item, where, model)) for item in error.errors(include_url=False)]


def _printable(text: str) -> str:
    """Return text in which whatever would move a cursor is written as its escape: a problem is one line."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def _line(item: Any, where: str, model: type[BaseModel]) -> str:
    names, fields, node = _walk(item["loc"], model)
    path = ".".join(names)
    prefix = f"{where}: {path}: " if path else f"{where}: "
    value = item["input"]
    match item["type"]:
        case "extra_forbidden":
            return f"{prefix}unknown field{closest(str(names[-1]), fields) or allowed_fields(fields)}"
        case "missing":
            return f"{prefix}missing; add it"
        case "union_tag_invalid":
            tag = ".".join([*names, str(item["ctx"]["discriminator"]).strip("'")])
            return f"{where}: {tag}: `{item['ctx']['tag']}` is not allowed; choose one of {_tags(item)}"
        case "union_tag_not_found":
            tag = ".".join([*names, str(item["ctx"]["discriminator"]).strip("'")])
            return f"{where}: {tag}: missing; choose one of {', '.join(sorted(node['discriminator']['mapping']))}"
        case "string_type" | "literal_error" | "enum" if _lacks_quotes(item):
            return f"{prefix}`{value}` is not text; write it in quotes"
        case "literal_error" | "enum" | "string_type" | "int_type" | "dict_type" | "model_type" if value is None:
            return f"{prefix}empty; give it a value"
        case "value_error" if "properties" in node:
            named = _message(item).partition(": ")[0] in node["properties"]
            return f"{where}: {path}.{_message(item)}" if named and path else f"{prefix}{_message(item)}"
        case _:
            return f"{prefix}`{_short(value)}`: {_message(item)}"


def _message(item: Any) -> str:
    said = item["msg"].removeprefix("Value error, ")
    return f"{said[:1].lower()}{said[1:]}"


def _tags(item: Any) -> str:
    return ", ".join(sorted(tag.strip(" '") for tag in item["ctx"]["expected_tags"].split(",")))


def _lacks_quotes(item: Any) -> bool:
    """Return whether YAML took something for a number or a truth value where text belongs."""
    text = item["type"] == "string_type" or "'" in item["ctx"]["expected"]
    return text and isinstance(item["input"], int | float)


def _short(value: Any) -> str:
    text = repr(value) if not isinstance(value, str) else value
    return text if len(text) <= 60 else f"{text[:57]}..."


def allowed_fields(fields: Iterable[str]) -> str:
    """Return `; allowed: …` for a set of field names, or nothing."""
    return f"; allowed: {', '.join(sorted(fields))}" if fields else ""


def _walk(location: tuple[int | str, ...], model: type[BaseModel]) -> tuple[list[str], list[str], dict[str, Any]]:
    """Follow a location into the model; drop union tags and marks of keys.

    Returns:
        The names on the way, the fields that are allowed beside the last one, and the schema at the end.
    """
    schema = _schema_of(model)
    node = schema
    names: list[str] = []
    fields: list[str] = []
    for part in location:
        node = _resolve(node, schema)
        mapping = node.get("discriminator", {}).get("mapping", {})
        if part in mapping:
            node = {"$ref": mapping[str(part)]}
            continue
        if part == "[key]":
            continue
        fields = list(node.get("properties", {}))
        names.append(str(part))
        node = node.get("properties", {}).get(str(part)) or _values(node)
    return names, fields, _resolve(node, schema)


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _values(node: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the values of a mapping, or of the items of a list."""
    patterns = list(node.get("patternProperties", {}).values())
    return node.get("additionalProperties") or next(iter(patterns), None) or node.get("items") or {}


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    options = [option for option in node.get("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        node = options[0]
    reference = node.get("$ref")
    return schema["$defs"][reference.rsplit("/", 1)[1]] if reference else node
