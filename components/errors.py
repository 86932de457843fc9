"""The errors that a person can act on; every other exception is a bug."""

from __future__ import annotations

import difflib
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
    return [_line(item, where, model) for item in error.errors(include_url=False)]


def _line(item: Any, where: str, model: type[BaseModel]) -> str:
    names, fields = _walk(item["loc"], model)
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
        case _:
            said = item["msg"].removeprefix("Value error, ")
            return f"{prefix}`{_short(value)}`: {said[:1].lower()}{said[1:]}"


def _tags(item: Any) -> str:
    return ", ".join(sorted(tag.strip(" '") for tag in item["ctx"]["expected_tags"].split(",")))


def _short(value: Any) -> str:
    text = repr(value) if not isinstance(value, str) else value
    return text if len(text) <= 60 else f"{text[:57]}..."


def allowed_fields(fields: Iterable[str]) -> str:
    """Return `; allowed: …` for a set of field names, or nothing."""
    return f"; allowed: {', '.join(sorted(fields))}" if fields else ""


def _walk(location: tuple[int | str, ...], model: type[BaseModel]) -> tuple[list[str], list[str]]:
    """Follow a location into the model; drop union tags, and return the field names allowed at its end."""
    schema = model.model_json_schema(by_alias=True)
    node: dict[str, Any] = schema
    names: list[str] = []
    fields: list[str] = []
    for part in location:
        node = _resolve(node, schema)
        mapping = node.get("discriminator", {}).get("mapping", {})
        if part in mapping:
            node = {"$ref": mapping[str(part)]}
            continue
        fields = list(node.get("properties", {}))
        names.append(str(part))
        node = node.get("properties", {}).get(str(part)) or node.get("additionalProperties") or node.get("items") or {}
    return names, fields


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    options = [option for option in node.get("anyOf", []) if option.get("type") != "null"]
    if len(options) == 1:
        node = options[0]
    reference = node.get("$ref")
    return schema["$defs"][reference.rsplit("/", 1)[1]] if reference else node
