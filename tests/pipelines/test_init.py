"""`stackwright init`: stack files that an organisation begins with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from components.errors import UserError
from pipelines.init import EXAMPLES, Wanted, filled, stack_file, with_cluster, write_stack_files
from stacks.environment.config import KEY, read_stack_file
from tests.harness.command import stackwright
from tests.harness.environments import SHAPES

IMAGE = f"ghcr.io/umbrella/mlflow@sha256:{'1' * 64}"
OWN = {
    "<twelve digits>": "111122223333",
    "<id of the connection>": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    "<organization on GitHub>": "umbrella-inc",
    "<addresses of your own>": "203.0.113.0/24",
    "<domain of your own>": "ml.umbrella.example",
    "<id of the hosted zone>": "Z0123456789ABCDEFGHIJ",
    "<image of MLflow by digest>": IMAGE,
    "<address of your own>": "oncall@umbrella.example",
    "<context of your kubeconfig>": "umbrella",
    "<uid of kube-system>": "0f5d7a52-6f0e-4d0b-9c39-7d1f6f5c2a41",
    "<address of the API server>": "https://203.0.113.7:6443",
    "<certificate of the API server>": "bm90IGEgY2VydGlmaWNhdGU=",
    "<StorageClass of the cluster>": "fast",
    "<ClusterIssuer of the cluster>": "letsencrypt",
    "<registry of your own>": "registry.umbrella.example/ml",
}
"""Placeholder -> what somebody writes in its place."""


def filled_in(text: str) -> str:
    """Return a stack file with every placeholder filled in."""
    for placeholder, value in OWN.items():
        text = text.replace(placeholder, value)
    return text


WORDS = {"aws": ("--region", "us-east-1"), "kubernetes": ()}


@pytest.mark.parametrize("shape", SHAPES)
def test_written_files_are_refused_until_they_are_filled_in(shape: str, tmp_path: Path) -> None:
    """Every file names its placeholders; with values in their place it is a valid stack file."""
    said = stackwright("init", "--shape", shape, "--organization", "umbrella", *WORDS[shape], "--folder", tmp_path)
    assert 0 == said.code
    assert ["Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.staging.yaml"] == sorted(p.name for p in tmp_path.iterdir())
    for path in tmp_path.iterdir():
        left = re.search(rf"wrote {path}; fill in (.*)", said.out)
        assert left
        assert set(left[1].split(", ")) == set(re.findall(r"<[^<>\n]+>", path.read_text()))
        with pytest.raises(UserError, match="`<image of MLflow by digest>` is a placeholder; write your own value"):
            read_stack_file(path)
        path.write_text(filled_in(path.read_text()))
        assert (shape, "umbrella") == (read_stack_file(path).shape, read_stack_file(path).organization)


def test_a_region_is_that_of_the_account(tmp_path: Path) -> None:
    """Zones are those of the region; a region that cannot be is refused."""
    (path, *_) = write_stack_files(Wanted(shape="aws", organization="acme", region="us-east-1"), tmp_path)
    spec = yaml.safe_load(path.read_text())["config"][KEY]

    assert ("us-east-1", {"use1-az1"}) == (spec["region"], set(spec["network"]["nat_zones"]))
    with pytest.raises(UserError, match=r"--region: `mars-1-x` is not a region of AWS"):
        stack_file("", Wanted(shape="aws", organization="acme", region="mars-1-x"))


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_overwritten(shape: str, tmp_path: Path) -> None:
    """A file that is there is named, and no other is written."""
    (tmp_path / "Pulumi.prod.yaml").write_text("mine")
    with pytest.raises(UserError, match=r"Pulumi.prod.yaml: exists; move it away first"):
        write_stack_files(Wanted(shape=shape, organization="acme"), tmp_path)
    assert [("Pulumi.prod.yaml", "mine")] == [(path.name, path.read_text()) for path in tmp_path.iterdir()]


WRONG: dict[str, tuple[dict[str, str], list[str]]] = {
    "a shape of nobody": (
        {"shape": "azure"},
        ["--shape: `azure` is not a shape; choose one of aws, kubernetes"],
    ),
    "a cluster that is made": (
        {"shape": "aws", "context": "kind"},
        [
            "--context: a cluster is that of one environment; say which by --env",
            "--context: this shape makes its own cluster; leave it out",
        ],
    ),
    "a region of no cloud": (
        {"shape": "kubernetes", "region": "eu-west-1", "environment": "qa"},
        [
            "--env: `qa` is not an example; choose one of dev, prod, staging",
            "--region: `eu-west-1`: this shape has none; leave it out",
        ],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_options_that_do_not_go_together(name: str, tmp_path: Path) -> None:
    """All of it is said at once, and nothing is written."""
    options, problems = WRONG[name]
    with pytest.raises(UserError) as caught:
        write_stack_files(Wanted.model_validate({"organization": "acme", **options}), tmp_path)

    assert (problems, []) == (caught.value.problems, [*tmp_path.iterdir()])


def test_what_is_known_is_filled_in_at_once(tmp_path: Path) -> None:
    """One environment, with what stands in the place of placeholders; the others are said."""
    known = ("--fill", "domain of your own=ml.umbrella.example", "--fill", f"image of MLflow by digest={IMAGE}")
    said = stackwright(
        "init", "--shape", "kubernetes", "--organization", "umbrella", "--env", "dev", *known, "--folder", tmp_path
    )
    (path,) = tmp_path.iterdir()

    spec = yaml.safe_load(path.read_text())["config"][KEY]
    assert ("dev.ml.umbrella.example", IMAGE) == (spec["ingress"]["domain"], spec["experiment_tracker"]["image"])
    assert "<registry of your own>" in said.out
    assert "<domain of your own>" not in said.out


def test_a_value_for_nothing_is_told_what_there_is() -> None:
    """A name that no file has is an error that lists those that are left."""
    with pytest.raises(UserError) as caught:
        filled({Path("x"): "a: <one>\nb: <two words>"}, ("three=3", "one=1"))

    told = "is not left to fill in; choose from <one>, <two words>, without the brackets"
    assert [f"--fill: `three` {told}"] == caught.value.problems


def test_comments_stay() -> None:
    """What a file explains it still explains."""
    wanted = Wanted(shape="aws", organization="acme", region="eu-west-1")
    text = stack_file('    account: "1" # quoted\n    region: eu-central-1\n', wanted)
    assert '    account: "<twelve digits>" # quoted\n    region: eu-west-1\n' == text
    assert {"account": "<twelve digits>", "region": "eu-west-1"} == yaml.safe_load(text)


def test_another_cluster_takes_the_place_of_the_example_and_of_nothing_else() -> None:
    """Texts that only look like something else stay text."""
    text = (EXAMPLES / "kubernetes" / "Pulumi.dev.yaml").read_text()
    cluster = {"flavor": "existing", "name": "kind", "version": "1.35", "abilities": {"storage_classes": ["on"]}}

    before, after = (yaml.safe_load(each)["config"][KEY] for each in (text, with_cluster(text, cluster)))

    assert before | {"cluster": cluster | {"audience": "stackwright-acme-dev"}} == after


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_of_the_example_organization_is_left(shape: str) -> None:
    """Whatever belongs to the organization of the examples is a placeholder, or named after the new one."""
    for example in (EXAMPLES / shape).glob("Pulumi.*.yaml"):
        text = stack_file(example.read_text(), Wanted(shape=shape, organization="umbrella", region="us-east-1"))

        assert [] == re.findall(r"acme|eu-central-1|euc1|(\d)\1{11}", text)
