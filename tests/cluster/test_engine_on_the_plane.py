"""The Kubernetes stand-in on a real control plane, in the real engine: programs of a few lines."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from kubernetes import client
from pulumi import automation

from components.node_pools.contract import EksManagedSpec
from tests.harness.cluster.nodes import node_of
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import Rest
from tests.harness.engine.stack import Engine
from tests.harness.engine.tools import ROOT, need_engine

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]

POOL = EksManagedSpec(instance_types=("m7i.large",), max_size=1)
LABELS = {"app": "web"}


@pytest.fixture(scope="module")
def real(plane: Plane) -> Plane:
    """The plane with a node for the pods of these tests."""
    need_engine()
    core = client.CoreV1Api(plane.api())
    if "real-0" not in {node.metadata.name for node in core.list_node().items}:
        plane.add_nodes(node_of("real", POOL))
    return plane


@pytest.fixture
def space(real: Plane) -> Generator[str]:
    """A namespace of a test's own."""
    with real.namespace("real") as name:
        yield name


def stack(folder: Path, plane: Plane) -> Engine:
    """A stack of somebody whose kubeconfig leads to the plane."""
    project = ROOT / "tests" / "harness" / "engine" / "small"
    return Engine(folder, project, stack="test", account="1" * 12, endpoint="", kubeconfig=plane.kubeconfig("acme-dev"))


@pytest.fixture
def engine(real: Plane, tmp_path: Path) -> Engine:
    """A stack of a test's own."""
    return stack(tmp_path / "stack", real)


def provider() -> pulumi.ResourceOptions:
    """The explicit provider, which holds no credentials."""
    made = kubernetes.Provider("kubernetes", context="acme-dev", cluster_identifier="one", kubeconfig=None)
    return pulumi.ResourceOptions(provider=made)


def template(image: str = "web:1", annotations: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What a pod is made from."""
    container = {"name": "web", "image": image, "resources": {"requests": {"cpu": "0.1", "memory": "64Mi"}}}
    spec = {"containers": [container], "node_selector": {"stackwright/pool": "real"}}
    return {"metadata": {"labels": LABELS, "annotations": dict(annotations or {})}, "spec": spec}


def deployment(
    space: str, opts: pulumi.ResourceOptions, replicas: int = 1, said: Mapping[str, str] | None = None, **pods: Any
) -> None:
    """A Deployment."""
    kubernetes.apps.v1.Deployment(
        "web",
        metadata={"name": "web", "namespace": space, "annotations": dict(said or {})},
        spec={"replicas": replicas, "selector": {"match_labels": LABELS}, "template": template(**pods)},
        opts=opts,
    )


def web(space: str, replicas: int = 1, color: str = "blue", **pods: Any) -> None:
    """A Deployment, and a Service that does not say that it needs it."""
    opts = provider()
    ports = [{"port": 80}]
    kubernetes.core.v1.Service(
        "web",
        metadata={"name": "web", "namespace": space},
        spec={"type": "LoadBalancer", "selector": LABELS, "ports": ports},
        opts=opts,
    )
    kubernetes.core.v1.Secret(
        "keys", metadata={"name": "keys", "namespace": space}, string_data={"color": color}, opts=opts
    )
    deployment(space, opts, replicas, **pods)


def only_deployment(space: str, **options: Any) -> None:
    """A Deployment that nobody waits long for."""
    deployment(space, provider(), said={"pulumi.com/timeoutSeconds": "3"}, **options)


def versions(plane: Plane, space: str) -> dict[str, str]:
    """Return the versions of what a program made."""
    rest = Rest(plane.api())
    kinds = [("v1", "Service"), ("v1", "Secret"), ("apps/v1", "Deployment")]
    return {
        f"{kind} {item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for api, kind in kinds
        for item in rest.items(api, kind, space)
    }


def test_objects_are_applied_and_waited_for(real: Plane, space: str, engine: Engine) -> None:
    """What comes up is ready; up again and a refresh change nothing; a change is made in place; all of it goes."""
    assert {"create": 5} == engine.up(functools.partial(web, space)).changes
    apps = client.AppsV1Api(real.api())
    first = versions(real, space)
    assert 1 == apps.read_namespaced_deployment("web", space).status.available_replicas

    assert {} == engine.up(functools.partial(web, space)).changes
    assert {} == engine.refresh(functools.partial(web, space)).changes
    assert first == versions(real, space)

    assert {"update": 1} == engine.up(functools.partial(web, space, replicas=2)).changes
    assert 2 == apps.read_namespaced_deployment("web", space).status.available_replicas

    engine.destroy(functools.partial(web, space))
    assert {} == versions(real, space)


def test_what_is_never_ready_is_told_with_its_reason_and_updated_by_the_next(
    real: Plane, space: str, engine: Engine
) -> None:
    """The state holds what was made; the next `up` makes nothing twice, and waits again."""
    with pytest.raises(automation.CommandError) as told:
        engine.up(functools.partial(only_deployment, space, image="acme.invalid/broken:1"))
    uid = client.AppsV1Api(real.api()).read_namespaced_deployment("web", space).metadata.uid
    with pytest.raises(automation.CommandError) as again:
        engine.up(functools.partial(only_deployment, space, image="acme.invalid/broken:1"))
    engine.forget()
    mended = engine.up(functools.partial(only_deployment, space))

    for failure in (told, again):
        assert "Deployment real-" in str(failure.value)
        assert "ImagePullBackOff of acme.invalid/broken:1" in str(failure.value)
    assert ([], {"update": 1}) == (engine.calls("create"), mended.changes)
    assert uid == client.AppsV1Api(real.api()).read_namespaced_deployment("web", space).metadata.uid


def test_an_up_survives_a_restart_of_the_api_server(
    new_plane: Callable[[], AbstractContextManager[Plane]], tmp_path: Path
) -> None:
    """In the middle of waiting for a slow Deployment; nothing is made twice."""
    need_engine()
    slow = {"plane.test/slow": "8s"}
    with new_plane() as plane:
        plane.add_nodes(node_of("real", POOL))
        engine = stack(tmp_path / "stack", plane)
        restarting = threading.Thread(target=_restart_in_the_middle, args=(plane,))
        restarting.start()
        made = engine.up(functools.partial(web, "default", annotations=slow))
        restarting.join()
        again = engine.up(functools.partial(web, "default", annotations=slow))

    assert ({"create": 5}, {}) == (made.changes, again.changes)


def _restart_in_the_middle(plane: Plane) -> None:
    apps = client.AppsV1Api(plane.api())
    plane.eventually(lambda: apps.list_namespaced_deployment("default").items, "a Deployment", 60)
    plane.restart_api_server(kill=True)
