"""The JSON Schemas that are checked in, for editors and for other programs: `python -m stacks.schemas` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.base import Document
from stacks.contract import Contract
from stacks.environment.config import KEY as ENVIRONMENT
from stacks.environment.spec import EnvironmentSpec
from stacks.platform import Platform
from stacks.project.config import KEY as PROJECT
from stacks.project.spec import ProjectSpec

FOLDER = Path(__file__).parent / "schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return each schema by its file's name."""
    return {
        "contract.json": Contract.model_json_schema(),
        "environment.json": stack_file_schema(ENVIRONMENT, EnvironmentSpec),
        "platform.json": Platform.model_json_schema(),
        "project.json": stack_file_schema(PROJECT, ProjectSpec),
    }


def stack_file_schema(key: str, model: type[Document]) -> dict[str, Any]:
    """Return the schema of a stack file: Pulumi's own keys are left to Pulumi."""
    spec = model.model_json_schema()
    definitions = spec.pop("$defs")
    config = {"type": "object", "properties": {key: spec}, "required": [key]}
    return {"type": "object", "properties": {"config": config}, "required": ["config"], "$defs": definitions}


def text(schema: dict[str, Any]) -> str:
    """Write a schema as it is checked in."""
    return json.dumps(schema, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    for name, schema in schemas().items():
        (FOLDER / name).write_text(text(schema), encoding="utf-8")
