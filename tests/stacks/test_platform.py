"""The platform document: what a project's stack may know of an environment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.base import AwsPlace, Place
from components.errors import UserError
from stacks.platform import incompatible, platform_of
from tests.harness.environments import ENVIRONMENTS, FOLDER, SHAPES, exported


def document(shape: str = "aws", environment: str = "dev") -> dict[str, Any]:
    """Return an example as it lies beside the stack files of projects."""
    return json.loads((FOLDER / shape / "projects" / "platform" / f"{environment}.json").read_text())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_it_is_read_as_it_was_written(shape: str, environment: str) -> None:
    """Reading and writing a document changes nothing."""
    found = platform_of(document(shape, environment), "dev.json")

    assert document(shape, environment) == found.model_dump(mode="json")


def test_a_place_is_that_of_its_shape() -> None:
    """Where an environment is built is an account, or nothing but its names."""
    assert {"aws": AwsPlace, "kubernetes": Place} == {
        shape: type(platform_of(document(shape), "dev.json").place) for shape in SHAPES
    }


def test_a_document_of_an_older_release_is_of_aws() -> None:
    """What says no shape was written when there was one."""
    older = {name: value for name, value in document().items() if name != "shape"} | {"platform_version": "1.0"}

    assert "aws" == platform_of(older, "dev.json").shape


def differences(found: Any, known: Any, path: str = "") -> Iterator[str]:
    """Yield where an example is not what is exported; what only AWS knows may be anything."""
    if isinstance(found, dict) and isinstance(known, dict):
        for name in found | known:
            yield from differences(found.get(name), known.get(name), f"{path}.{name}")
    elif found != known and not ("${aws:" in str(found) and isinstance(known, str)):
        yield f"{path}: {known!r} is {found!r}"


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_examples_are_of_the_example_environments(shape: str, environment: str) -> None:
    """What the stack of an environment exports is what its example says, but for what AWS makes up."""
    assert [] == list(differences(exported(shape, environment), document(shape, environment)))


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
    "two ways in": (
        {"ingress": document()["ingress"] | {"gateway": "gateway/main"}},
        "ingress: class_name and gateway: exactly one of them says how services are reached",
    ),
    "another shape": ({"shape": "kubernetes"}, "network: unknown field"),
    "no shape of ours": ({"shape": "nomad"}, "shape: `nomad` is not a shape; choose one of aws, kubernetes"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_document_is_refused(name: str) -> None:
    """There is room for what is promised and for nothing else."""
    change, said = WRONG[name]
    with pytest.raises(UserError) as caught:
        platform_of(document() | change, "dev.json")
    assert any(said in problem for problem in caught.value.problems)
