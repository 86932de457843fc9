"""The page of any Kubernetes does what it says; `kind` and `pulumi` are stand-ins that write down what was asked."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from kubernetes import client as kubernetes

from components.ingress import gateway
from components.model_deployer.contract import namespace_of
from components.monitoring import contract as monitoring
from components.runners import contract as runners
from stacks.environment.config import read_stack_file
from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec
from stacks.project.kubernetes_project import CONTRACT
from tests.harness.cluster.plane import Plane
from tests.harness.environments import FOLDER
from tests.harness.github import github, repository
from tests.harness.page import run_block
from tests.pipelines.test_init import IMAGE, filled_in
from tests.test_docs import ROOT, blocks

pytestmark = pytest.mark.cluster

PAGE = ROOT / "docs" / "any-kubernetes.md"
STAND_IN = """\
#!/bin/sh
printf '%s\\n' "{name} $*" >>{log}
case "$*" in
  *"stack output platform"*) cat {platform} ;;
esac
"""


class Clone:
    """An organisation's copy of the platform.

    Args:
        root: An empty folder for it.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.asked, self._bin = root / "platform", root / "asked", root / "bin"
        self._bin.mkdir()
        for kind in ("environment", "project"):
            (self.root / "stacks" / kind).mkdir(parents=True)
            shutil.copy(ROOT / "stacks" / kind / "Pulumi.yaml", self.root / "stacks" / kind)
        platform = FOLDER / "kubernetes" / "projects" / "platform" / "dev.json"
        for name in ("kind", "pulumi"):
            (self._bin / name).write_text(STAND_IN.format(name=name, log=self.asked, platform=platform))
            (self._bin / name).chmod(0o755)
        self.shell("git init -q -b main && git config user.email a@b.c && git config user.name a")

    def shell(self, script: str, **variables: str) -> str:
        """Run a block as a person would, and return what it printed."""
        path = f"{self._bin}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return run_block(script, self.root, PATH=path, **variables)

    def stack_file(self, environment: str) -> Path:
        """Return where the stack file of an environment is."""
        return self.root / "stacks" / "environment" / f"Pulumi.{environment}.yaml"


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Clone]:
    """A clone of the platform, with GitHub on loopback."""
    with github(churn=repository("acme"), platform=repository("acme", "platform")) as host:
        monkeypatch.setenv("GITHUB_API_URL", host.url)
        yield Clone(tmp_path)


@pytest.fixture(scope="module")
def kind(new_plane: Callable[[], AbstractContextManager[Plane]]) -> Generator[Plane]:
    """A cluster as kind makes it: a StorageClass, and nothing else that is not in every cluster."""
    with new_plane() as plane:
        metadata = {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
        made = {"metadata": metadata, "provisioner": "rancher.io/local-path"}
        kubernetes.StorageV1Api(plane.api()).create_storage_class(made)
        yield plane


def test_the_three_commands_of_a_laptop_are_enough(clone: Clone, kind: Plane) -> None:
    """With a cluster by that name nothing is left to fill in, and the program that `pulumi up` runs has no finding."""
    (laptop,) = [script for word, script in blocks(PAGE) if word == "laptop"]
    assert 3 == len(laptop.replace("\\\n", "").splitlines())

    clone.shell(laptop, MLFLOW=IMAGE, KUBECONFIG=str(kind.kubeconfig("kind-acme")))

    assert ["kind create cluster --name acme", "pulumi -C stacks/environment up --stack dev"] == (
        clone.asked.read_text().splitlines()
    )
    spec = read_stack_file(clone.stack_file("dev"))
    assert isinstance(spec, KubernetesEnvironmentSpec)
    assert ("kind-acme", kind.server, "standard") == (
        spec.cluster.name,
        spec.cluster.endpoint,
        spec.cluster.abilities.default_storage_class,
    )
    assert "policy: 0 findings" in clone.shell("stackwright plan --env dev")


def test_the_rest_of_the_page_works_as_written(clone: Clone) -> None:
    """Every command runs, in order; the steps by hand are done where the page says so."""
    for word, script in blocks(PAGE):
        if word == "filled-in":
            for environment in ("dev", "staging", "prod"):
                path = clone.stack_file(environment)
                path.write_text(filled_in(path.read_text()))
        if word != "laptop":
            clone.shell(script)

    asked = [line.split(" --")[0] for line in clone.asked.read_text().splitlines()]
    assert ["pulumi up"] * 2 == [line for line in asked if line == "pulumi up"]
    assert (clone.root / "bootstrap-dev" / "authentication.yaml").exists()
    assert (clone.root / "stacks" / "project" / "Pulumi.churn-dev.yaml").exists()


def test_what_people_type_is_what_the_program_makes() -> None:
    """Namespaces and names on the page are those of the components."""
    text, app = PAGE.read_text(), runners.ArcSpec.model_fields["credentials_secret"].default
    named = (
        f"gateway -n {gateway.NAMESPACE} {gateway.NAME}`",
        f"secret generic alerts -n {monitoring.NAMESPACE} ",
        f"`{app}` in the namespace `{runners.RUNNERS_NAMESPACE}`",
        f"/{namespace_of('churn')}/{CONTRACT}`",
    )

    assert [] == [each for each in named if each not in text]
