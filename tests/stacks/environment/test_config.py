"""Stack files: what they may say, and what is said when they say something else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.errors import UserError
from stacks.environment.config import KEY, environment_spec, read_stack_file

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"
FILE = "Pulumi.dev.yaml"


def example(environment: str = "dev") -> dict[str, Any]:
    """Return what the example of an environment says."""
    return yaml.safe_load((EXAMPLES / f"Pulumi.{environment}.yaml").read_text())["config"][KEY]


def problems(**changes: Any) -> list[str]:
    """Return what is said of the example of dev with other values; None takes one out."""
    value = {name: item for name, item in (example() | changes).items() if item is not None}
    with pytest.raises(UserError) as caught:
        environment_spec(value, FILE, "dev")
    return caught.value.problems


CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an unknown field": (
        {"artefact_store": {"flavor": "s3"}},
        [f"{FILE}: artefact_store: unknown field; did you mean `artifact_store`?"],
    ),
    "an unknown field of a flavor": (
        {"artifact_store": {"flavor": "s3", "noncurent_expiration_days": 3}},
        [
            f"{FILE}: artifact_store.noncurent_expiration_days: unknown field; "
            "did you mean `noncurrent_expiration_days`?"
        ],
    ),
    "an unknown flavor": (
        {"artifact_store": {"flavor": "s4"}},
        [f"{FILE}: artifact_store.flavor: `s4` is not allowed; choose one of existing, s3"],
    ),
    "a field left out": ({"region": None}, [f"{FILE}: region: missing; add it"]),
    "an account that YAML takes for a number": (
        {"account": 111111111111},
        [f"{FILE}: account: `111111111111`: input should be a valid string"],
    ),
    "another stack": ({"environment": "qa"}, [f"{FILE}: environment: `qa` is not the stack `dev`; rename one of them"]),
    "a placeholder": (
        {"artifact_store": {"flavor": "existing", "uri": "s3://CHANGEME"}},
        [
            f"{FILE}: artifact_store.uri: `s3://CHANGEME` is a placeholder; write your own value",
            f"{FILE}: artifact_store.uri: `s3://CHANGEME`: string should match pattern "
            "'^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\\S*[^/\\s])?$'",
        ],
    ),
    "a name too long for the cloud": (
        {"organization": "the-longest-organization"},
        [f"{FILE}: organization: `the-longest-organization`: string should have at most 12 characters"],
    ),
    "its own source": (
        {"promotes_from": "dev"},
        [f"{FILE}: .*an environment cannot promote from itself"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_of_a_stack_file(name: str) -> None:
    """Each problem is one line: file, path, value, and what to do; nothing is registered."""
    changes, expected = CASES[name]
    found = problems(**changes)
    assert len(expected) == len(found), found
    for line, said in zip(sorted(expected), found, strict=True):
        assert line == said or re.fullmatch(line, said), said


def test_every_problem_is_said_at_once() -> None:
    """Unknown fields, missing ones, secrets and placeholders of one file come together."""
    found = problems(region=None, account="<account>", secret={"secure": "v1:aaaa"})
    assert [
        f"{FILE}: account: `<account>` is a placeholder; write your own value",
        f"{FILE}: account: `<account>`: string should match pattern '^[0-9]{{12}}$'",
        f"{FILE}: region: missing; add it",
        f"{FILE}: secret: `secure` values do not belong into a spec; name the secret instead",
    ] == [line for line in found if "unknown field" not in line]
    assert any(line.startswith(f"{FILE}: secret: unknown field") for line in found)


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_examples_are_read(environment: str) -> None:
    """What `stacks/examples` shows is a valid stack file of that environment."""
    spec = read_stack_file(EXAMPLES / f"Pulumi.{environment}.yaml")
    assert (environment, environment) == (spec.environment, spec.tier.value)


def test_a_file_without_the_key_says_where_to_look(tmp_path: Path) -> None:
    """A stack file of something else is told what is missing."""
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config: {}\n")
    with pytest.raises(UserError, match=r"config.stackwright:environment: missing; `stacks/examples` shows"):
        read_stack_file(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A missing file is one line."""
    with pytest.raises(UserError, match="cannot be read: No such file or directory"):
        read_stack_file(tmp_path / "Pulumi.dev.yaml")
