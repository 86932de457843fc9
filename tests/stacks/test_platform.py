"""The platform document: what a project's stack may know of an environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.errors import UserError
from components.recording import record
from stacks.environment.config import read_stack_file
from stacks.environment.program import program
from stacks.load import load, validate
from stacks.platform import Platform, incompatible

EXAMPLES = Path(__file__).parents[2] / "stacks" / "examples" / "aws"
ENVIRONMENTS = ("dev", "staging", "prod")


def document(environment: str = "dev") -> dict[str, Any]:
    """Return an example as it lies beside the stack files of projects."""
    return json.loads((EXAMPLES / "projects" / "platform" / f"{environment}.json").read_text())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_is_read_as_it_was_written(environment: str) -> None:
    """Reading and writing a document changes nothing."""
    found = load(EXAMPLES / "projects" / "platform" / f"{environment}.json", Platform)

    assert document(environment) == found.model_dump(mode="json")


def exported(environment: str) -> dict[str, Any]:
    """Return what the stack of an example environment exports, recorded."""
    spec = read_stack_file(EXAMPLES / f"Pulumi.{environment}.yaml")
    found = record(lambda: program(spec), stack=environment)
    return next(item.outputs["platform"] for item in found if item.type == "pulumi:pulumi:Stack")


def differences(found: Any, known: Any, path: str = "") -> Iterator[str]:
    """Yield where an example is not what is exported; what only AWS knows may be anything."""
    if isinstance(found, dict) and isinstance(known, dict):
        for name in found | known:
            yield from differences(found.get(name), known.get(name), f"{path}.{name}")
    elif found != known and not ("${aws:" in str(found) and isinstance(known, str)):
        yield f"{path}: {known!r} is {found!r}"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_examples_are_of_the_example_environments(environment: str) -> None:
    """What the stack of an environment exports is what its example says, but for what AWS makes up."""
    assert [] == list(differences(exported(environment), document(environment)))


OLD = "platform_version: `{}` is another major; this release reads 1.x; update the {}"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.0", None),
        ("1.9", None),
        ("2.0", OLD.format("2.0", "platform revision in .stackwright.yaml")),
        ("0.3", OLD.format("0.3", "stack")),
    ],
)
def test_another_major_is_another_document(version: str, said: str | None) -> None:
    """Documents are additive inside a major; of another one, the message says which side is older."""
    assert said == incompatible(version)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a field of nobody": ({"vpc": "vpc-1"}, "vpc: unknown field"),
    "a short account": ({"account": "1"}, "account: `1`"),
    "a plain endpoint": ({"cluster": document()["cluster"] | {"endpoint": "http://x"}}, "cluster.endpoint: `http://x`"),
    "itself as its source": ({"promotes_from": "dev"}, "an environment cannot promote from itself"),
    "a secret": ({"password": "1234"}, "password: unknown field"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_document_is_refused(name: str) -> None:
    """There is room for what is promised and for nothing else."""
    change, said = WRONG[name]
    with pytest.raises(UserError) as caught:
        validate(document() | change, Platform, "dev.json")
    assert any(said in problem for problem in caught.value.problems)
