"""The shape `aws`, with the objects of its cluster on a real control plane.

AWS itself is the stand-in that docs/fidelity.md describes; the EKS cluster that the stack makes there is a plane.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager

import pytest
from kubernetes import client as kubernetes

from tests.harness.aws import empty_moto_server
from tests.harness.cluster.graphs import spec_of
from tests.harness.cluster.inventory import stuck
from tests.harness.cluster.life import Life, called, plain
from tests.harness.cluster.nodes import node_of
from tests.harness.cluster.plane import Plane
from tests.harness.engine import programs
from tests.harness.engine.environments import aws_environment
from tests.harness.engine.tools import need_engine

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]

ACCOUNT = "555555555501"


@pytest.fixture(scope="module")
def dev(
    new_plane: Callable[[], AbstractContextManager[Plane]], tmp_path_factory: pytest.TempPathFactory
) -> Generator[Life]:
    """The environment of the example, up; its cluster has one node of each pool."""
    need_engine()
    with empty_moto_server(managed_policies=True) as endpoint, new_plane() as plane:
        pools = spec_of("aws", "dev").pools  # type: ignore[union-attr] - of this shape
        plane.add_nodes(*(node_of(name, pool, number) for name, pool in pools.items() for number in range(2)))
        engine = aws_environment(tmp_path_factory.mktemp("dev") / "stack", "dev", endpoint, ACCOUNT)
        engine.back_clusters(plane.kubeconfig("acme-dev"))
        yield Life(engine, plane, programs.environment)


def test_up_again_touches_no_object(dev: Life) -> None:
    """A preview makes nothing; a second `up` finds nothing to do, and no object has another version than before it."""
    before = dev.versions()

    assert dev.before == dev.after_preview
    assert {} == dev.up().changes
    assert before == dev.versions()
    assert {"Deployment.apps mlflow/mlflow", "Namespace mlflow", "IngressClass.networking.k8s.io alb"} <= set(before)


def test_a_refresh_of_what_nobody_touched_finds_nothing(dev: Life) -> None:
    """What is live is what was asked for, and every object of the state is there."""
    assert {} == dev.engine.refresh(dev.program).changes
    objects = [item for item in dev.engine.resources() if "apiVersion" in item["inputs"]]
    assert {called(item) for item in objects} == {plain(name) for name in dev.versions()}


def test_every_pod_runs_and_none_takes_a_gpu(dev: Life) -> None:
    """Servers and jobs of the platform find room on the machines of their pools."""
    pods = kubernetes.CoreV1Api(dev.plane.api()).list_pod_for_all_namespaces().items

    assert {"Running", "Succeeded"} >= {item.status.phase for item in pods}
    assert {"system", "cpu"} >= {item.spec.node_name.rpartition("-")[0] for item in pods} != set()


def test_destroy_leaves_only_what_goes_with_the_cluster(dev: Life) -> None:
    """What has something outside, like a load balancer, is really deleted, before the machines of its controller are.

    Everything else goes with the cluster, and is never asked for one by one: it is still on the plane, which stays.
    """
    resources, made = dev.engine.resources(), dev.versions()
    going_with = {called(item) for item in resources if item.get("deletedWith")}
    dev.engine.forget()
    dev.destroy()
    left = {plain(name) for name in set(made) & set(dev.there())}
    deleted = dev.engine.calls("delete")
    outside = [name for name in deleted if name.split()[0] == "Ingress"]
    machines = [name for name in deleted if name.split()[0] in ("NodeGroup", "Cluster")]

    assert ([], []) == (dev.engine.resources(), stuck(dev.plane))
    assert outside
    assert max(map(deleted.index, outside)) < min(map(deleted.index, machines))
    assert left
    assert left <= going_with
    assert set() == {name.split()[0] for name in left} & {"Ingress", "PersistentVolumeClaim"}
