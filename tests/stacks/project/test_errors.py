"""What is said of a project's stack file and its platform document: one case in a file of its own for each message."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import Field

from components.base import Document
from components.errors import UserError
from stacks.project.config import KEY, PLATFORMS, read_stack_file
from tests.harness.project_stack import SHAPES, copy_examples
from tests.stacks.test_errors import ROOT, templates

CASES = sorted((Path(__file__).parent / "errors").glob("*.yaml"))
SOURCES = [ROOT / "stacks" / "project" / f"{name}.py" for name in ("combinations", "config", "spec")]


class ErrorCase(Document):
    """One slip, and what is said of it."""

    said: list[str]
    """The lines, sorted, without the name of the stack file, or of the folder, before them."""
    shape: Literal["aws", "kubernetes"] = "aws"
    """The example whose files are changed: those of churn in dev."""
    stack: str = "churn-dev"
    """What the stack file is called after."""
    project: dict[str, Any] = Field(default={})
    """Fields of the stack file instead of those of the example; null takes one out."""
    platform: dict[str, Any] = Field(default={})
    """Fields of the platform document of dev instead of those of the example."""
    staging: dict[str, Any] = Field(default={})
    """Fields of that of staging."""


@cache
def read_case(path: Path) -> ErrorCase:
    """Read one case."""
    return ErrorCase.model_validate_json(json.dumps(yaml.safe_load(path.read_text())))


def write(case: ErrorCase, folder: Path) -> Path:
    """Write the example with the changes of a case, and return its stack file."""
    projects = copy_examples(folder, SHAPES / case.shape / "projects")
    document = yaml.safe_load((projects / "Pulumi.churn-dev.yaml").read_text())
    fields = document["config"][KEY] | case.project
    document["config"][KEY] = {name: value for name, value in fields.items() if value is not None}
    file = projects / f"Pulumi.{case.stack}.yaml"
    file.write_text(yaml.safe_dump(document))
    for name, changes in {"dev": case.platform, "staging": case.staging}.items():
        platform = projects / PLATFORMS / f"{name}.json"
        platform.write_text(json.dumps(json.loads(platform.read_text()) | changes))
    return file


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_said(path: Path, tmp_path: Path) -> None:
    """Each problem is one line: file, path as typed, value, what to do; all of both files come together."""
    case = read_case(path)
    file = write(case, tmp_path)

    with pytest.raises(UserError) as caught:
        read_stack_file(file)

    assert case.said == [
        problem.removeprefix(f"{file}: ").removeprefix(f"{file.parent}/") for problem in caught.value.problems
    ]


@pytest.mark.parametrize("shape", ["aws", "kubernetes"])
def test_the_example_has_no_problem(shape: Literal["aws", "kubernetes"], tmp_path: Path) -> None:
    """What the cases change is right itself, so that a case says what its own change causes."""
    spec, platform = read_stack_file(write(ErrorCase(said=[], shape=shape), tmp_path))

    assert ("churn", "dev", shape) == (spec.project, spec.environment, platform.shape)


@pytest.mark.parametrize("shape", ["aws", "kubernetes"])
def test_who_wants_no_gpu_needs_none(shape: Literal["aws", "kubernetes"], tmp_path: Path) -> None:
    """A project without GPUs is at home in an environment without them."""
    plain = ErrorCase(said=[], shape=shape, project={"model_deployer": None}, platform={"node_pools": {}})

    assert 0 == read_stack_file(write(plain, tmp_path))[0].model_deployer.quota.gpus


def test_every_message_has_a_case() -> None:
    """Whatever our specs and their reader can say is said in one of the cases."""
    said = "\n".join(f"f: {line}" for path in CASES for line in read_case(path).said)
    found = {(path, text) for path in SOURCES for text in templates(path)}
    unsaid = sorted(
        f"{path.relative_to(ROOT)}: {text}"
        for path, text in found
        if not re.search(".*".join(map(re.escape, text.split("\0"))), said)
    )

    assert len(found) > 10
    assert [] == unsaid


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case_says_what_happened(path: Path) -> None:
    """The first line of a case is what a person did."""
    assert re.fullmatch(r"# [A-Z].*\.", path.read_text().splitlines()[0])
