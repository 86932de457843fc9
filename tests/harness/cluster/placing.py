"""Where the scheduler puts a pod, or why nowhere."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubernetes import client as kubernetes

if TYPE_CHECKING:
    from tests.harness.cluster.plane import Plane

IMAGE = "registry.invalid/job@sha256:" + "0" * 64


@dataclass(frozen=True)
class Placement:
    """What the scheduler decided."""

    node: str | None
    """Where the pod is; none as long as it fits nowhere."""
    reason: str = ""
    """Why it fits nowhere."""


def container(resources: Mapping[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """Return a container that asks for resources, and may use no more."""
    asked = dict(resources or {})
    return {"name": "main", "image": IMAGE, "resources": {"requests": asked, "limits": asked}, **fields}


@contextlib.contextmanager
def pod(plane: Plane, namespace: str, spec: Mapping[str, Any], **metadata: Any) -> Generator[str]:
    """Let there be a pod, and return its name."""
    core = kubernetes.CoreV1Api(plane.api())
    name = f"pod-{uuid.uuid4().hex[:8]}"
    core.create_namespaced_pod(namespace, {"metadata": {"name": name, **metadata}, "spec": dict(spec)})
    try:
        yield name
    finally:
        core.delete_namespaced_pod(name, namespace, grace_period_seconds=0)


def decided(plane: Plane, namespace: str, name: str) -> Placement:
    """Return what the scheduler decides of a pod that it has not seen yet."""
    found = plane.eventually(lambda: _decision(plane, namespace, name), f"a decision about {name}")
    assert found
    return found


def placed(plane: Plane, namespace: str, name: str) -> str:
    """Wait until a pod is somewhere, and return the node."""

    def node() -> str | None:
        return kubernetes.CoreV1Api(plane.api()).read_namespaced_pod(name, namespace).spec.node_name

    found = plane.eventually(node, f"a node for {name}")
    assert found
    return found


def place(plane: Plane, namespace: str, spec: Mapping[str, Any]) -> Placement:
    """Return what the scheduler decides of a pod, and take it away again."""
    with pod(plane, namespace, spec) as name:
        return decided(plane, namespace, name)


def add_known_nodes(plane: Plane, namespace: str, *manifests: Mapping[str, Any]) -> None:
    """Let there be nodes, and wait until the scheduler knows each of them and that it is ready: a pod finds it."""
    plane.add_nodes(*manifests)
    for manifest in manifests:
        spec = {
            "nodeSelector": {"kubernetes.io/hostname": manifest["metadata"]["name"]},
            "tolerations": [{"key": taint["key"], "operator": "Exists"} for taint in manifest["spec"]["taints"]],
            "containers": [container()],
        }
        with pod(plane, namespace, spec) as name:
            placed(plane, namespace, name)


def _decision(plane: Plane, namespace: str, name: str) -> Placement | None:
    found = kubernetes.CoreV1Api(plane.api()).read_namespaced_pod(name, namespace)
    if found.spec.node_name:
        return Placement(found.spec.node_name)
    said = [item for item in found.status.conditions or () if item.type == "PodScheduled" and item.status == "False"]
    return Placement(None, said[0].message) if said else None
