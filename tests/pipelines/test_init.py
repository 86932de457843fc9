"""`stackwright init`: stack files that an organisation begins with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from components.errors import UserError
from pipelines.init import EXAMPLES, stack_file, write_stack_files
from stacks.environment.config import read_stack_file
from tests.harness.command import stackwright

OWN = {
    "<twelve digits>": "111122223333",
    "<id of the connection>": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    "<organization on GitHub>": "umbrella-inc",
    "<addresses of your own>": "203.0.113.0/24",
    "<domain of your own>": "ml.umbrella.example",
    "<id of the hosted zone>": "Z0123456789ABCDEFGHIJ",
    "<image of MLflow by digest>": f"ghcr.io/umbrella/mlflow@sha256:{'1' * 64}",
    "<address of your own>": "oncall@umbrella.example",
}
"""Placeholder -> what somebody writes in its place."""


def filled_in(text: str) -> str:
    """Return a stack file with every placeholder filled in."""
    for placeholder, value in OWN.items():
        text = text.replace(placeholder, value)
    return text


def test_written_files_are_refused_until_they_are_filled_in(tmp_path: Path) -> None:
    """Every file names its placeholder; with an account in its place it is a valid stack file."""
    said = stackwright(
        "init", "--shape", "aws", "--organization", "umbrella", "--region", "us-east-1", "--folder", tmp_path
    )
    assert 0 == said.code
    assert ["Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.staging.yaml"] == sorted(p.name for p in tmp_path.iterdir())
    for path in tmp_path.iterdir():
        with pytest.raises(UserError, match="`<twelve digits>` is a placeholder; write your own value"):
            read_stack_file(path)
        path.write_text(filled_in(path.read_text()))
        spec = read_stack_file(path)
        assert ("umbrella", "us-east-1", "111122223333") == (spec.organization, spec.region, spec.account)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A file that is there is named, and no other is written."""
    (tmp_path / "Pulumi.prod.yaml").write_text("mine")
    with pytest.raises(UserError, match=r"Pulumi.prod.yaml: exists; move it away first"):
        write_stack_files("aws", tmp_path, "acme", "eu-central-1")
    assert [("Pulumi.prod.yaml", "mine")] == [(path.name, path.read_text()) for path in tmp_path.iterdir()]


def test_an_unknown_shape_is_told_the_known_ones(tmp_path: Path) -> None:
    """A shape that does not exist is an error that lists those that do."""
    with pytest.raises(UserError, match=r"--shape: `azure` is not a shape; choose one of aws"):
        write_stack_files("azure", tmp_path, "acme", "eu-central-1")


def test_comments_stay_and_another_region_is_told() -> None:
    """What a file explains it still explains; a region that cannot be is refused."""
    text = stack_file('    account: "1" # quoted\n    region: eu-central-1\n', "acme", "eu-west-1")
    assert '    account: "<twelve digits>" # quoted\n    region: eu-west-1\n' == text
    assert {"account": "<twelve digits>", "region": "eu-west-1"} == yaml.safe_load(text)
    with pytest.raises(UserError, match=r"--region: `mars-1-x` is not a region of AWS"):
        stack_file("", "acme", "mars-1-x")


def test_nothing_of_the_example_organization_is_left() -> None:
    """Whatever belongs to the organization of the examples is a placeholder, or named after the new one."""
    for example in (EXAMPLES / "aws").glob("Pulumi.*.yaml"):
        text = stack_file(example.read_text(), "umbrella", "us-east-1")

        assert [] == re.findall(r"acme|eu-central-1|euc1|(\d)\1{11}", text)
