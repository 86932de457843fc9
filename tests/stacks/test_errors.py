"""What is said of a stack file: one case in a file of its own for each message."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, Field

from components.base import Document
from components.errors import UserError
from stacks.environment.config import KEY, SPECS, read_stack_file
from tests.harness.installed import installed

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "stacks" / "examples"
READERS = ("components.errors", "stacks.shapes", "stacks.stack_file")
OF_ENVIRONMENTS = ("combinations", "config", "every", "kubernetes_spec", "spec")
CASES = sorted((Path(__file__).parent / "errors").glob("*.yaml"))

MESSAGE = re.compile(r"[^\[]*[a-z]{2}[^\[]* [^\[]*\S")
"""Words with a blank between them; brackets are in annotations only."""

TOLD_ELSEWHERE = {
    "\0: cannot be read: \0",
    "class_name and gateway: exactly one of them says how services are reached",
}
"""Messages of files that are not there (`test_config.py`), and of other documents (`test_platform.py`)."""


class ErrorCase(Document):
    """One slip, and what is said of it."""

    said: list[str]
    """The lines, sorted, without the name of the file before them."""
    dev: dict[str, Any] = Field(default={})
    """Values laid over those of the example of dev."""
    shape: str = "aws"
    """Whose example."""
    without: list[str] = Field(default=[])
    """Paths that are taken out of the example first."""
    text: str | None = None
    """The whole file instead."""
    stack: str = "dev"
    """What the file is called after."""
    installed: bool = False
    """Whether a package with flavors of its own is installed."""


@cache
def read_case(path: Path) -> ErrorCase:
    """Read one case."""
    return ErrorCase.model_validate_json(json.dumps(yaml.safe_load(path.read_text())))


def content(case: ErrorCase) -> str:
    """Return the stack file of a case."""
    if case.text is not None:
        return case.text
    document = yaml.safe_load((EXAMPLES / case.shape / "Pulumi.dev.yaml").read_text())
    spec = document["config"][KEY]
    for path in case.without:
        *above, name = path.split(".")
        node = spec
        for step in above:
            node = node[step]
        del node[name]
    document["config"][KEY] = laid_over(spec, case.dev)
    return yaml.safe_dump(document)


def laid_over(value: Any, change: Any) -> Any:
    """Lay mappings over mappings, and replace everything else."""
    if not (isinstance(value, dict) and isinstance(change, dict)):
        return change
    return value | {name: laid_over(value.get(name), item) for name, item in change.items()}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_said(path: Path, tmp_path: Path) -> None:
    """Each problem is one line: file, path as typed, value, what to do; all of a file come together."""
    case, file = read_case(path), tmp_path / f"Pulumi.{read_case(path).stack}.yaml"
    file.write_text(content(case))

    with installed() if case.installed else nullcontext(), pytest.raises(UserError) as caught:
        read_stack_file(file)

    assert [f"{file}: {line}" for line in case.said] == caught.value.problems


@pytest.mark.parametrize("shape", SPECS)
def test_the_example_has_no_problem(tmp_path: Path, shape: str) -> None:
    """What the cases are laid over is right itself, so that a case says what its own change causes."""
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(content(ErrorCase(said=[], shape=shape)))

    assert "dev" == read_stack_file(file).environment


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and all models inside it."""
    yield model
    for field in model.model_fields.values():
        for inner in inside(field.annotation):
            yield from models(inner)


def inside(hint: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in an annotation."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield hint
    for argument in getattr(hint, "__args__", ()):
        yield from inside(argument)


def sources() -> set[Path]:
    """Return the modules that say something of a stack file: of specs, what they import, and of our reader."""
    named = {model.__module__ for spec in SPECS.values() for model in models(spec)}
    named |= {*READERS, *(f"stacks.environment.{name}" for name in OF_ENVIRONMENTS)}
    paths = {Path(str(importlib.import_module(name).__file__)) for name in named}
    kinds = {path for path in paths if path.name == "contract.py"}
    return paths | {path.parent / f"{name}.py" for path in kinds for name in beside(path)}


def beside(path: Path) -> Iterator[str]:
    """Yield the modules of its own kind that a contract imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"components.{path.parent.name}."):
            yield str(node.module).rsplit(".", 1)[1]


def templates(path: Path) -> Iterator[str]:
    """Yield the messages in the functions of a module, a NUL where a value stands."""
    for function in ast.walk(ast.parse(path.read_text())):
        if not isinstance(function, ast.FunctionDef):
            continue
        docstring = ast.get_docstring(function, clean=False)
        parts = {id(part) for node in ast.walk(function) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(function):
            text = written(node) if id(node) not in parts else ""
            if text != docstring and MESSAGE.fullmatch(text):
                yield text


def written(node: ast.AST) -> str:
    """Return the text of a constant or of an f-string."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_every_message_has_a_case() -> None:
    """Whatever our specs and their reader can say is said in one of the cases."""
    said = "\n".join(f"f: {line}" for path in CASES for line in read_case(path).said)
    found = {(path, text) for path in sources() for text in templates(path)}
    unsaid = sorted(
        f"{path.relative_to(ROOT)}: {text}"
        for path, text in found
        if not re.search(".*".join(map(re.escape, text.split("\0"))), said) and text not in TOLD_ELSEWHERE
    )

    assert len(found) > 20
    assert [] == unsaid


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_says_what_happened(path: Path) -> None:
    """The first line of a case is what a person did."""
    assert re.fullmatch(r"# [A-Z].*\.", path.read_text().splitlines()[0])
