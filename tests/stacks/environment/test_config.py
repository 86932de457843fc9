"""Stack files that are right, and files that are none; `tests/stacks/errors` has what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.errors import UserError
from components.recording import record
from stacks.environment.config import environment_spec, read_stack_file
from stacks.environment.program import program
from tests.harness.acme.artifact_store.contract import MinioSpec
from tests.harness.environments import ENVIRONMENTS, FOLDER, SHAPES, values
from tests.harness.installed import installed


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_examples_are_read(shape: str, environment: str) -> None:
    """What `stacks/examples` shows is a valid stack file of that environment."""
    spec = read_stack_file(FOLDER / shape / f"Pulumi.{environment}.yaml")
    assert (shape, environment, environment) == (spec.shape, spec.environment, spec.tier.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A missing file is one line."""
    with pytest.raises(UserError, match="cannot be read: No such file or directory"):
        read_stack_file(tmp_path / "Pulumi.dev.yaml")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_stack_file_takes_the_flavors_of_an_installed_package(shape: str) -> None:
    """A flavor of the organisation's own is written, read and built like any of ours."""
    value = values(shape, "dev") | {"artifact_store": {"flavor": "minio", "bucket": "models"}}
    with installed():
        spec = environment_spec(value, "Pulumi.dev.yaml", "dev")
        graph = record(lambda: program(spec))

    assert MinioSpec is type(spec.artifact_store)
    assert ["s3://models"] == [item.outputs["uri"] for item in graph if item.type.endswith(":MinioArtifactStore")]
