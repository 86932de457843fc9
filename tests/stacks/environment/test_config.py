"""Stack files that are right, and files that are none; `tests/stacks/errors` has what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from components.errors import UserError
from components.recording import record
from stacks.environment.config import KEY, environment_spec, read_stack_file
from stacks.environment.program import program
from tests.harness.acme.artifact_store.contract import MinioSpec
from tests.harness.installed import installed

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"


def example(environment: str = "dev") -> dict[str, Any]:
    """Return what the example of an environment says."""
    return yaml.safe_load((EXAMPLES / f"Pulumi.{environment}.yaml").read_text())["config"][KEY]


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_examples_are_read(environment: str) -> None:
    """What `stacks/examples` shows is a valid stack file of that environment."""
    spec = read_stack_file(EXAMPLES / f"Pulumi.{environment}.yaml")
    assert (environment, environment) == (spec.environment, spec.tier.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A missing file is one line."""
    with pytest.raises(UserError, match="cannot be read: No such file or directory"):
        read_stack_file(tmp_path / "Pulumi.dev.yaml")


def test_a_stack_file_takes_the_flavors_of_an_installed_package() -> None:
    """A flavor of the organisation's own is written, read and built like any of ours."""
    value = example() | {"artifact_store": {"flavor": "minio", "bucket": "models"}}
    with installed():
        spec = environment_spec(value, "Pulumi.dev.yaml", "dev")
        graph = record(lambda: program(spec))

    assert MinioSpec is type(spec.artifact_store)
    assert ["s3://models"] == [item.outputs["uri"] for item in graph if item.type.endswith(":MinioArtifactStore")]
