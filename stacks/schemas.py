"""The JSON Schemas that are checked in, for editors and for other programs: `python -m stacks.schemas` writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from components.base import Document
from stacks.contract import Contract
from stacks.environment.config import KEY as ENVIRONMENT
from stacks.environment.config import SPECS
from stacks.platform import PLATFORMS
from stacks.project.config import KEY as PROJECT
from stacks.project.spec import ProjectSpec
from stacks.shapes import DEFAULT

FOLDER = Path(__file__).parent / "schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by its file's name."""
    return {
        "contract.json": Contract.model_json_schema(),
        "environment.json": stack_file_schema(ENVIRONMENT, by_shape(SPECS)),
        "platform.json": by_shape(PLATFORMS),
        "project.json": stack_file_schema(PROJECT, ProjectSpec.model_json_schema()),
    }


def by_shape(models: Mapping[str, type[Document]]) -> dict[str, Any]:
    """Return the schema of a document whose field `shape` says what else it has."""
    references, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template="#/$defs/{model}"
    )
    found = {shape: references[model, "validation"] for shape, model in models.items()}
    chosen: dict[str, Any] = found.pop(DEFAULT)
    for shape, reference in sorted(found.items()):
        named = {"properties": {"shape": {"const": shape}}, "required": ["shape"]}
        chosen = {"if": named, "then": reference, "else": chosen}
    return {**definitions, **chosen}


def stack_file_schema(key: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a stack file: Pulumi's own keys are left to Pulumi."""
    definitions = spec.pop("$defs")
    config = {"type": "object", "properties": {key: spec}, "required": [key]}
    return {"type": "object", "properties": {"config": config}, "required": ["config"], "$defs": definitions}


def text(schema: dict[str, Any]) -> str:
    """Write a schema as it is checked in."""
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    for name, schema in schemas().items():
        (FOLDER / name).write_text(text(schema), encoding="utf-8")
