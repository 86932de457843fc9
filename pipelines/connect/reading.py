"""Versioned documents: another major is refused, and what a newer minor adds is left out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from components.errors import UserError
from stacks.load import parse_json, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stacks.load import Model


def read_versioned(
    content: bytes, model: type[Model], where: str, version: str, incompatible: Callable[[str], str | None]
) -> Model:
    """Read a JSON document that is additive inside a major.

    Args:
        content: What was found.
        model: What it shall be.
        where: What begins each problem.
        version: Name of the field that holds the document's version.
        incompatible: Says why a document of a version cannot be read here, or nothing.
    """
    document: Any = parse_json(content, where)
    ours = str(model.model_fields[version].default)
    fields = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    theirs = str(fields.get(version, ours))
    if told := incompatible(theirs):
        raise UserError(f"{where}: {told}")
    return validate(_known(fields, model) if _newer(theirs, ours) else document, model, where)


def _newer(theirs: str, ours: str) -> bool:
    minor = theirs.partition(".")[2]
    return minor.isdecimal() and int(minor) > int(ours.partition(".")[2])


def _known(document: dict[str, Any], model: type[Model]) -> dict[str, Any]:
    """Leave out the fields that only a newer release knows."""
    known = json.loads(json.dumps(document))
    try:
        model.model_validate_json(json.dumps(document))
    except ValidationError as error:
        for item in error.errors(include_url=False):
            if item["type"] == "extra_forbidden":
                _remove(known, item["loc"])
    return known


def _remove(document: Any, location: Sequence[int | str]) -> None:
    """Remove a field; the tags of unions, which pydantic puts into locations, are no fields."""
    node = document
    for part in location[:-1]:
        if isinstance(node, list) or part in cast("dict[str, Any]", node):
            node = cast("Any", node)[part]
    node.pop(location[-1], None)
