"""Stack files of projects: what they may say, and what is said when they say something else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.errors import UserError
from stacks import project
from stacks.project.config import KEY, read_stack_file
from tests.harness.project_stack import EXAMPLES, KUBERNETES, copy_examples

FILE = "Pulumi.churn-dev.yaml"
STACK_FILES = [path for folder in (EXAMPLES, KUBERNETES) for path in sorted(folder.glob("Pulumi.*.yaml"))]


def said(folder: Path, file: str, **changes: Any) -> list[str]:
    """Return what is said of an example with other values, without the folder; None takes one out."""
    projects = copy_examples(folder)
    document = yaml.safe_load((projects / FILE).read_text())
    value = document["config"][KEY] | changes
    document["config"][KEY] = {name: item for name, item in value.items() if item is not None}
    (projects / file).write_text(yaml.safe_dump(document))
    with pytest.raises(UserError) as caught:
        read_stack_file(projects / file)
    return [problem.removeprefix(f"{projects}/") for problem in caught.value.problems]


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    """Problems of the file come with those of the platform document."""
    found = said(tmp_path, FILE, environment="qa", project="Churn", ci_identity=None)
    assert ["Pulumi.churn-dev.yaml: ci_identity", "Pulumi.churn-dev.yaml: project", "platform/qa.json: cannot be"] == [
        ":".join(problem.split(":")[:2])[: len("platform/qa.json: cannot be")]
        if problem.startswith("platform")
        else ":".join(problem.split(":")[:2])
        for problem in found
    ]


@pytest.mark.parametrize("path", STACK_FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_the_examples_are_read(path: Path) -> None:
    """What `stacks/examples` shows is a valid stack file, and its platform is that of its environment."""
    spec, platform = read_stack_file(path)

    assert f"Pulumi.{spec.project}-{spec.environment}.yaml" == path.name
    assert spec.environment == platform.environment


def test_an_environment_is_no_path(tmp_path: Path) -> None:
    """A name that leads out of the folder is refused, and nothing there is read."""
    (tmp_path / "secret.json").write_text("{}")
    found = said(tmp_path, FILE, environment="../../secret")

    assert [] == [problem for problem in found if not problem.startswith(f"{FILE}: environment: ")]


def test_the_readme_shows_a_valid_file(tmp_path: Path) -> None:
    """The stack file in the README is one, on the example's platform."""
    readme = Path(project.__file__).with_name("README.md").read_text()
    (shown,) = re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL)
    file = copy_examples(tmp_path) / FILE
    file.write_text(shown)

    assert {"transactions", "customers"} == set(read_stack_file(file)[0].reads)
