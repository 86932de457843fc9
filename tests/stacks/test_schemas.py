"""The JSON Schemas that are checked in."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from stacks.schemas import FOLDER, schemas, text

EXAMPLES = sorted((Path(__file__).parents[2] / "stacks" / "examples").rglob("Pulumi.*.yaml"))


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_fresh(name: str) -> None:
    """What is checked in is what the models say; `python -m stacks.schemas` writes it."""
    assert text(schemas()[name]) == (FOLDER / name).read_text()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_editor_accepts_the_examples(path: Path) -> None:
    """Each example fits the schema that its first line names, and a wrong field does not."""
    named, document = path.read_text().splitlines()[0].partition("$schema=")[2], yaml.safe_load(path.read_text())
    schema = schemas()[(path.parent / named).resolve().relative_to(FOLDER).name]
    jsonschema.validate(document, schema)
    (spec,) = [value for key, value in document["config"].items() if key.startswith("stackwright:")]
    spec["artefact_store"] = {}
    with pytest.raises(jsonschema.ValidationError, match="artefact_store"):
        jsonschema.validate(document, schema)
