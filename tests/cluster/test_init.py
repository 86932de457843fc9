"""`stackwright init --context`: a stack file that says what a real API server says of itself."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client as kubernetes

from components.node_pools.contract import ExistingSpec
from pipelines.plan.policy.closure import CERTIFICATES, GATEWAYS
from stacks.environment.config import KEY, read_stack_file
from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec
from tests.harness.cluster.nodes import node_of
from tests.harness.cluster.plane import Plane
from tests.harness.command import Outcome, stackwright

pytestmark = pytest.mark.cluster

FILL = ("domain of your own=ml.umbrella.example", "registry of your own=registry.umbrella.example/ml")
IMAGE = f"image of MLflow by digest=ghcr.io/umbrella/mlflow@sha256:{'1' * 64}"


@pytest.fixture(scope="module")
def own(new_plane: Callable[[], AbstractContextManager[Plane]]) -> Generator[Plane]:
    """A cluster that nobody else changes."""
    with new_plane() as plane:
        yield plane


def init(plane: Plane, folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Outcome:
    """Write the stack file of dev for a context of the plane."""
    monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig("laptop", **options)))
    words = [word for each in (*FILL, IMAGE) for word in ("--fill", each)]
    shape = ("--shape", "kubernetes", "--organization", "umbrella", "--env", "dev")
    return stackwright("init", *shape, "--context", "laptop", *words, "--folder", folder)


def cluster_in(folder: Path) -> dict[str, Any]:
    """Return what the stack file says of the cluster."""
    return yaml.safe_load((folder / "Pulumi.dev.yaml").read_text())["config"][KEY]["cluster"]


def test_an_empty_cluster_is_told_what_it_lacks(own: Plane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody has filled in is refused by its path: there is no StorageClass yet."""
    assert 0 == init(own, tmp_path, monkeypatch).code

    said = stackwright("plan", "--env", "dev", "--folder", tmp_path)
    told = "cluster.abilities.default_storage_class: missing; data is kept on volumes of it, so name one of the cluster"
    assert [f"{tmp_path / 'Pulumi.dev.yaml'}: {told}"] == said.problems


def make_able(plane: Plane) -> None:
    """Give the cluster something of each kind."""
    plane.install_crds([CERTIFICATES, GATEWAYS])
    objects = kubernetes.CustomObjectsApi(plane.api())
    storage = kubernetes.StorageV1Api(plane.api())
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    for name, notes in (("standard", default), ("slow", {})):
        metadata = {"name": name, "annotations": notes}
        storage.create_storage_class({"metadata": metadata, "provisioner": "rancher.io/local-path"})
    metadata = {"metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}
    kubernetes.NetworkingV1Api(plane.api()).create_ingress_class(metadata)
    issuer = {"apiVersion": f"{CERTIFICATES}/v1", "kind": "ClusterIssuer", "metadata": {"name": "ours"}}
    objects.create_cluster_custom_object(CERTIFICATES, "v1", "clusterissuers", issuer | {"spec": {"selfSigned": {}}})
    chosen = {"apiVersion": f"{GATEWAYS}/v1", "kind": "GatewayClass", "metadata": {"name": "cilium"}}
    spec = {"spec": {"controllerName": "io.cilium/gateway-controller"}}
    objects.create_cluster_custom_object(GATEWAYS, "v1", "gatewayclasses", chosen | spec)
    pool = ExistingSpec(
        flavor="existing",
        labels={"stackwright/pool": "gpu"},
        taints=(),
        cpu=8,
        memory_gib=32,
        max_size=1,
    )
    node = node_of("gpu", pool)
    for part in ("capacity", "allocatable"):
        node["status"][part]["nvidia.com/gpu"] = "1"
    plane.add_nodes(node)


def test_what_a_cluster_has_is_in_its_stack_file(own: Plane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Identity, release and abilities are what the API server says; the file is whole, and planned."""
    make_able(own)

    said = init(own, tmp_path, monkeypatch)
    found = cluster_in(tmp_path)

    assert (0, f"wrote {tmp_path / 'Pulumi.dev.yaml'}\n") == (said.code, said.out)
    home = kubernetes.CoreV1Api(own.api()).read_namespace("kube-system")
    assert ("laptop", home.metadata.uid, own.server) == (found["name"], found["identifier"], found["endpoint"])
    assert {
        "api_groups": [CERTIFICATES, GATEWAYS, "kwok.x-k8s.io"],
        "cluster_issuers": ["ours"],
        "default_storage_class": "standard",
        "extended_resources": ["nvidia.com/gpu"],
        "gateway_classes": ["cilium"],
        "ingress_classes": ["nginx"],
        "storage_classes": ["slow", "standard"],
    } == found["abilities"]
    assert isinstance(read_stack_file(tmp_path / "Pulumi.dev.yaml"), KubernetesEnvironmentSpec)
    assert 0 == stackwright("plan", "--env", "dev", "--folder", tmp_path).code


def test_who_may_not_look_is_told(own: Plane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written; the line says what the person needs."""
    said = init(own, tmp_path, monkeypatch, user="stranger")

    told = "the API server of `laptop` denies it; the identity needs to list classes, nodes and issuers"
    assert (1, [f"--context: `laptop`: {told}"], []) == (said.code, said.problems, [*tmp_path.iterdir()])


def test_a_context_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is in the line."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    shape = ("--shape", "kubernetes", "--organization", "umbrella", "--env", "dev")
    (problem,) = stackwright("init", *shape, "--context", "laptop", "--folder", tmp_path).problems

    assert problem.startswith("kubeconfig: context `laptop`: ")
