"""Stack files of projects: what they may say, and what is said when they say something else."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.errors import UserError
from stacks import project
from stacks.project.config import KEY, read_stack_file
from tests.harness.project_stack import EXAMPLES, copy_examples, example

FILE = "Pulumi.churn-dev.yaml"

SLIPS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "an unknown field": ({"quota": {"cpu": 1}}, ["quota: unknown field; allowed: ci_identity, environment, "]),
    "an unknown field of the deployer": (
        {"model_deployer": {"flavor": "kubernetes", "min_replica": 1}},
        ["model_deployer.min_replica: unknown field; did you mean `min_replicas`?"],
    ),
    "an unknown flavor": (
        {"model_deployer": {"flavor": "sagemaker"}},
        ["model_deployer.flavor: `sagemaker`: input should be 'kubernetes'"],
    ),
    "a field left out": ({"ci_identity": None}, ["ci_identity: missing; add it"]),
    "an id that nobody looked up": (
        {"ci_identity": {"flavor": "github", "owner": "acme", "repository": "churn", "owner_id": "<id>"}},
        [
            "ci_identity.owner_id: `<id>` is a placeholder; write your own value",
            "ci_identity.owner_id: `<id>`: input should be a valid integer",
            "ci_identity.repository_id: missing; add it",
        ],
    ),
    "a secret": (
        {"reads": {"labels": {"uri": {"secure": "v1:aaaa"}}}},
        [
            "reads.labels.uri: `secure` values do not belong into a spec; name the secret instead",
            "reads.labels.uri: `{",
        ],
    ),
    "more copies at least than at most": (
        {"model_deployer": {"flavor": "kubernetes", "min_replicas": 9}},
        ["model_deployer: max_replicas is below min_replicas (3 < 9)"],
    ),
    "another stack": (
        {"project": "fraud"},
        ["project: `fraud` in `dev` is not the stack `churn-dev`; rename one of them"],
    ),
    "an environment without a document": (
        {"environment": "qa"},
        [
            "project: `churn` in `qa` is not the stack `churn-dev`; rename one of them",
            "platform/qa.json: cannot be read: No such file or directory; "
            "`stackwright contract export --env qa` writes it",
        ],
    ),
    "data of two owners": (
        {"reads": {"labels": {"published_by": "ledger", "uri": "s3://labels"}}},
        ["reads.labels: needs one of published_by and uri"],
    ),
    "data of nobody": ({"reads": {"labels": {}}}, ["reads.labels: needs one of published_by and uri"]),
    "a key for what has one": (
        {"reads": {"labels": {"published_by": "ledger", "encryption_key": "arn:aws:kms:eu-west-1:1:key/1"}}},
        [
            "reads.labels: ",
        ],
    ),
    "data of its own": (
        {"reads": {"labels": {"published_by": "churn"}}},
        ["reads.labels.published_by: `churn` is the project itself, which reads its own; remove it"],
    ),
    "data of another project past its owner": (
        {"reads": {"labels": {"uri": "s3://acme-dev-artifacts-111111111111/fraud/data"}}},
        [
            "reads.labels.uri: `s3://acme-dev-artifacts-111111111111/fraud/data` is in the artifact store of the "
            "environment; its owner publishes it by `published_by`"
        ],
    ),
    "itself as its target": (
        {"ci_identity": example()["ci_identity"] | {"promotes_to": ["dev"]}},
        [
            "ci_identity.promotes_to: `dev` is this environment; it cannot promote from itself",
        ],
    ),
    "a target that promotes from elsewhere": (
        {"ci_identity": example()["ci_identity"] | {"promotes_to": ["prod"]}},
        ["ci_identity.promotes_to: `prod` promotes from staging, not from dev; remove it"],
    ),
}


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


@pytest.mark.parametrize("name", SLIPS)
def test_what_is_said_of_a_stack_file(name: str, tmp_path: Path) -> None:
    """Each problem is one line: file, path, value, and what to do; all of them come together."""
    changes, expected = SLIPS[name]
    lines = sorted(line if line.startswith("platform/") else f"{FILE}: {line}" for line in expected)
    found = said(tmp_path, FILE, **changes)

    assert len(lines) == len(found), found
    assert [] == [problem for line, problem in zip(lines, found, strict=True) if not problem.startswith(line)]


def test_every_problem_is_said_at_once(tmp_path: Path) -> None:
    """Problems of the file come with those of the platform document."""
    found = said(tmp_path, FILE, environment="qa", project="Churn", ci_identity=None)
    assert ["Pulumi.churn-dev.yaml: ci_identity", "Pulumi.churn-dev.yaml: project", "platform/qa.json: cannot be"] == [
        ":".join(problem.split(":")[:2])[: len("platform/qa.json: cannot be")]
        if problem.startswith("platform")
        else ":".join(problem.split(":")[:2])
        for problem in found
    ]


def test_a_name_has_to_fit_into_those_of_its_roles(tmp_path: Path) -> None:
    """The longest name that is made of the project's is told before anything is made."""
    name = "a" * 40
    changed = {"organization": "longest-name", "environment": "dev"}
    projects = copy_examples(tmp_path)
    document = json.loads((projects / "platform" / "dev.json").read_text())
    (projects / "platform" / "dev.json").write_text(json.dumps(document | changed))
    file = projects / f"Pulumi.{name}-dev.yaml"
    file.write_text(yaml.safe_dump({"config": {KEY: example() | {"project": name}}}))

    with pytest.raises(UserError) as caught:
        read_stack_file(file)

    role = f"longest-name-dev-{name}-promotion"
    told = f"role `{role}` has more than 64 characters; shorten it by {len(role) - 64}"
    assert [f"{file}: project: `{name}`: {told}"] == caught.value.problems


def test_the_name_of_the_tracker_is_taken(tmp_path: Path) -> None:
    """A project's address is its own: nothing else of the environment answers there."""
    projects = copy_examples(tmp_path)
    file = projects / "Pulumi.mlflow-dev.yaml"
    file.write_text(yaml.safe_dump({"config": {KEY: example() | {"project": "mlflow"}}}))

    with pytest.raises(UserError, match=r"`mlflow`: https://mlflow\.dev\.ml\.acme\.example is the experiment tracker"):
        read_stack_file(file)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"platform_version": "2.0"}, "platform_version: `2.0` is another major; this release reads 1.x; update the "),
        ({"environment": "staging"}, "environment: `staging` is not `dev`; export it again"),
        ({"account": "1"}, "account: `1`: string should match pattern"),
    ],
)
def test_what_is_said_of_a_platform_document(changes: dict[str, Any], expected: str, tmp_path: Path) -> None:
    """Another major, another environment and a wrong value are told with the document's own name."""
    projects = copy_examples(tmp_path)
    path = projects / "platform" / "dev.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    with pytest.raises(UserError) as caught:
        read_stack_file(projects / FILE)

    assert [True] == [problem.startswith(f"{path}: {expected}") for problem in caught.value.problems]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("Pulumi.*.yaml")), ids=lambda path: path.name)
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
