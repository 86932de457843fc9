"""`stackwright plan`: the examples, and what a change of a stack file would do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from components.cluster.contract import ClusterAbilities
from pipelines.plan.policy.catalogue import judge
from pipelines.plan.stacks import plan_environment, plan_project
from stacks.environment.config import read_stack_file
from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec
from tests.harness.command import stackwright

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the stack files of the examples, to change."""
    shutil.copytree(EXAMPLES, tmp_path / "stacks")
    return tmp_path / "stacks"


def change(folder: Path, environment: str, before: str, after: str) -> None:
    """Replace text of a stack file."""
    path = folder / f"Pulumi.{environment}.yaml"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))


COMPONENTS = {
    "aws": {"network", "artifacts", "images", "database", "secrets", "alerts", "budget"},
    "kubernetes": {"services", "ingress", "artifacts", "database", "tracker", "monitoring", "secrets"},
}


@pytest.mark.parametrize("shape", COMPONENTS)
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_the_examples_have_no_findings(shape: str, environment: str) -> None:
    """Every example is planned offline, and no policy has anything to say against it."""
    said = stackwright("plan", "--env", environment, "--folder", EXAMPLES.parent / shape, "--format", "json")
    assert (0, []) == (said.code, said.document["judgement"]["findings"])
    assert COMPONENTS[shape] <= {component["name"] for component in said.document["components"]}


def test_a_cluster_that_lacks_what_is_used_is_found(tmp_path: Path) -> None:
    """The closure judges an environment without a cloud, too: what nobody declares or installs is a finding."""
    spec = read_stack_file(EXAMPLES.parent / "kubernetes" / "Pulumi.prod.yaml")
    assert isinstance(spec, KubernetesEnvironmentSpec)
    had = spec.cluster.abilities.model_copy(update={"cluster_issuers": ()})
    graph = plan_environment(EXAMPLES.parent / "kubernetes", "prod").graph

    found = judge(graph.model_copy(update={"abilities": had}), ()).findings

    assert spec.cluster.abilities == graph.abilities
    told = "uses ClusterIssuer `acme`, which nothing provides; add what provides it"
    assert [("kubernetes-closure", told)] == [(one.policy, one.message) for one in found]


def test_a_plan_against_its_own_graph_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """A graph that was saved and is planned again is the same."""
    saved = tmp_path / "graph.json"
    assert 0 == stackwright("plan", "--env", "dev", "--folder", folder, "--save", saved).code
    said = stackwright("plan", "--env", "dev", "--folder", folder, "--saved", saved, "--format", "json")
    assert (0, []) == (said.code, said.document["difference"]["changes"])


def test_losing_data_is_blocked_until_it_is_allowed(folder: Path, tmp_path: Path) -> None:
    """A new name of the first database replaces the instance: exit 4, and 0 once that is accepted."""
    saved = tmp_path / "graph.json"
    stackwright("plan", "--env", "prod", "--folder", folder, "--save", saved)
    change(folder, "prod", "flavor: rds_postgres", "flavor: rds_postgres\n      database: other")
    words = ("plan", "--env", "prod", "--folder", folder, "--saved", saved)
    said = stackwright(*words)
    assert 4 == said.code
    assert "aws:rds/instance:Instance database: would be replaced" in said.out
    assert 0 == stackwright(*words, "--allow-stateful-replacement").code


def test_a_stack_file_with_problems_is_not_planned(folder: Path) -> None:
    """What is wrong with the file is said, and nothing is recorded."""
    change(folder, "dev", "flavor: s3", "flavor: s4")
    said = stackwright("plan", "--env", "dev", "--folder", folder)
    assert (1, "") == (said.code, said.out)
    assert ["artifact_store.flavor: `s4` is not allowed; choose one of existing, s3"] == [
        line.partition("Pulumi.dev.yaml: ")[2] for line in said.problems
    ]


PROJECTS = EXAMPLES / "projects"


@pytest.mark.parametrize(
    ("project", "environment"), [("churn", "dev"), ("churn", "staging"), ("churn", "prod"), ("ledger", "dev")]
)
def test_the_examples_of_projects_have_no_findings(project: str, environment: str) -> None:
    """A project's stack is planned from its platform document, and needs nothing that its cluster does not have."""
    said = stackwright("plan", "--env", environment, "--project", project, "--folder", PROJECTS, "--format", "json")

    assert (0, [], f"{project}-{environment}") == (
        said.code,
        said.document["judgement"]["findings"],
        said.document["stack"],
    )
    assert project in {component["name"] for component in said.document["components"]}


def test_what_a_cluster_has_is_in_its_platform_document(folder: Path) -> None:
    """A project's plan knows classes and accelerators of the environment; without GPU pools there are none."""
    whole = plan_project(folder / "projects", "dev", "ledger").graph.abilities
    document = folder / "projects" / "platform" / "dev.json"
    platform = json.loads(document.read_text())
    del platform["node_pools"]["gpu"]
    document.write_text(json.dumps(platform))
    without = plan_project(folder / "projects", "dev", "ledger").graph.abilities

    assert (
        ClusterAbilities(
            api_groups=("metrics.k8s.io",), ingress_classes=("alb",), extended_resources=("nvidia.com/gpu",)
        )
        == whole
    )
    assert without is not None
    assert () == without.extended_resources
