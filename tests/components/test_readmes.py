"""What the READMEs of kinds show is run, and what they say of specs is true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.catalogue import OURS, flavor_of, kind_of
from components.recording import record
from components.reference import BEGIN, END, fresh

ROOT = Path(__file__).parents[2] / "components"
READMES = {path.parent.name: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*/README.md"))}


def blocks(kind: str, language: str) -> list[str]:
    """Return the examples of a README in one language."""
    return re.findall(rf"```{language}\n(.*?)```", READMES[kind], re.DOTALL)


def test_every_kind_has_one() -> None:
    """A kind with flavors has a README."""
    assert {kind_of(spec) for spec in OURS} == set(READMES)


def run(program: str, where: str) -> None:
    """Run an example as a stack would: what it does when it is read, and its `program` if it has one."""
    names: dict[str, Any] = {}
    exec(compile(program, where, "exec"), names)
    names.get("program", lambda: None)()


@pytest.mark.parametrize("kind", READMES)
def test_its_program_runs(kind: str) -> None:
    """The example registers the component of its kind, with explicit providers, as it stands."""
    (program,) = blocks(kind, "python")

    found = record(lambda: run(program, f"{kind}/README.md"))

    assert [kind] == [item.type.split(":")[1] for item in found if item.type.startswith(f"stackwright:{kind}:")][:1]
    assert [] == [item.urn for item in found if item.custom and not (item.provider or ":providers:" in item.type)]


@pytest.mark.parametrize("kind", READMES)
def test_its_stack_files_are_valid(kind: str) -> None:
    """What the README shows of a stack file is a spec of the kind, or several by name."""
    for text in blocks(kind, "yaml"):
        ((key, shown),) = yaml.safe_load(text).items()

        assert kind == key
        for value in [shown] if "flavor" in shown else shown.values():
            (spec,) = [each for each in OURS if (kind_of(each), flavor_of(each)) == (kind, value["flavor"])]
            assert value["flavor"] == spec.model_validate_json(json.dumps(value)).model_dump()["flavor"]


@pytest.mark.parametrize("kind", READMES)
def test_its_tables_are_fresh(kind: str) -> None:
    """The tables are what the specs say today: `python -m components.reference` writes them."""
    assert BEGIN in READMES[kind]
    assert END in READMES[kind]
    assert fresh(kind, READMES[kind]) == READMES[kind]
