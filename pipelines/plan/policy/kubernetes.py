"""Kubernetes objects: pinned, limited, without privileges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipelines.plan.graph import Graph, GraphResource
from pipelines.plan.policy.base import Example, Flaw, Policy, inside, items

WORKLOADS = (
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:batch/v1:CronJob",
    "kubernetes:batch/v1:Job",
    "kubernetes:core/v1:Pod",
)
ROLES = ("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "kubernetes:rbac.authorization.k8s.io/v1:Role")
NAMESPACE = "kubernetes:core/v1:Namespace"

_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64}|\$\{[^{}]*\})$")
_ENFORCED = "pod-security.kubernetes.io/enforce"


def pods(graph: Graph) -> Iterator[tuple[GraphResource, dict[str, Any]]]:
    """Return the pod specification of every workload."""
    for workload in graph.of_type(*WORKLOADS):
        spec = inside(workload.inputs, "spec")
        job = inside(spec, "jobTemplate", "spec") or spec
        yield workload, (inside(job, "template", "spec") or spec)


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the containers of a pod, those that run first included."""
    return [*items(pod.get("initContainers")), *items(pod.get("containers"))]


def _unpinned(graph: Graph) -> Iterator[Flaw]:
    for workload, pod in pods(graph):
        for container in containers(pod):
            image = str(container.get("image", ""))
            if not _DIGEST.search(image):
                yield workload, f"{container.get('name')}: image `{image}` can change; add its `@sha256:` digest"


def _unlimited(graph: Graph) -> Iterator[Flaw]:
    for workload, pod in pods(graph):
        for container in containers(pod):
            requests, limits = inside(container, "resources", "requests"), inside(container, "resources", "limits")
            missing = [f"requests.{key}" for key in ("cpu", "memory") if key not in requests]
            missing += [] if "memory" in limits else ["limits.memory"]
            if missing:
                yield workload, f"{container.get('name')}: has no {', '.join(missing)}; add under `resources`"


def _privileged(graph: Graph) -> Iterator[Flaw]:
    for workload, pod in pods(graph):
        shared = [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
        shared += ["hostPath"] if any(volume.get("hostPath") for volume in items(pod.get("volumes"))) else []
        if shared:
            yield workload, f"shares the machine by {', '.join(shared)}; remove it"
        for container in containers(pod):
            said = _rights({**inside(pod, "securityContext"), **inside(container, "securityContext")})
            if said:
                yield workload, f"{container.get('name')}: {said}"


def _rights(context: dict[str, Any]) -> str | None:
    """Say the first thing that a container may do beyond the restricted pod security standard."""
    if context.get("privileged"):
        return "is privileged; remove it"
    if context.get("allowPrivilegeEscalation") is not False:
        return "may gain rights; set `allowPrivilegeEscalation` to false"
    if context.get("runAsNonRoot") is not True:
        return "may run as root; set `runAsNonRoot`"
    if "ALL" not in items(inside(context, "capabilities").get("drop")):
        return "keeps capabilities; drop `ALL`"
    return None


def _wild_roles(graph: Graph) -> Iterator[Flaw]:
    for role in graph.of_type(*ROLES):
        for rule in items(role.inputs.get("rules")):
            wild = [key for key in ("apiGroups", "resources", "verbs") if "*" in items(rule.get(key))]
            if wild:
                yield role, f"allows `*` in {', '.join(wild)}; list what is needed"


def _unguarded(graph: Graph) -> Iterator[Flaw]:
    for namespace in graph.of_type(NAMESPACE):
        if _ENFORCED not in inside(namespace.inputs, "metadata", "labels"):
            yield namespace, f"enforces no pod security standard; add the label `{_ENFORCED}`"


_IMAGE = f"registry.example/app@sha256:{'0' * 64}"
_SAFE = {"allowPrivilegeEscalation": False, "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
_ENOUGH = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}}


def _deployment(pod: dict[str, Any] | None = None, **container: Any) -> Example:
    spec = {"containers": [{"name": "app", **container}], **(pod or {})}
    return {"kubernetes:apps/v1:Deployment app": {"spec": {"template": {"spec": spec}}}}


def _cron(**container: Any) -> Example:
    pod = {"containers": [{"name": "app", **container}]}
    return {"kubernetes:batch/v1:CronJob app": {"spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}}}


def _role(**rule: Any) -> Example:
    return {"kubernetes:rbac.authorization.k8s.io/v1:Role app": {"rules": [rule]}}


POLICIES = (
    Policy(
        id="kubernetes-pinned-images",
        reason="A tag that moves runs something that nobody tested, on one node and not on another.",
        source="Kubernetes documentation, images: image digests",
        check=_unpinned,
        fires=[_deployment(image="registry.example/app:latest"), _cron(image="registry.example/app:1.2")],
        holds=[_deployment(image=_IMAGE), _cron(image=_IMAGE)],
    ),
    Policy(
        id="kubernetes-limits",
        reason="One container without limits takes the memory of its neighbours; without requests nothing scales.",
        source="Kubernetes documentation, resource management for pods and containers",
        check=_unlimited,
        fires=[_deployment(), _deployment(resources={"requests": {"cpu": "1"}})],
        holds=[_deployment(resources=_ENOUGH)],
    ),
    Policy(
        id="kubernetes-no-privileges",
        reason="Who breaks into such a container owns the machine, and the identities of all pods on it.",
        source="Kubernetes documentation, pod security standards: restricted",
        check=_privileged,
        fires=[
            _deployment(),
            _deployment(securityContext={**_SAFE, "privileged": True}),
            _deployment(securityContext={**_SAFE, "capabilities": {"drop": ["NET_RAW"]}}),
            _deployment(
                {"securityContext": {"runAsNonRoot": False}}, securityContext={"allowPrivilegeEscalation": False}
            ),
            _deployment({"hostNetwork": True}, securityContext=_SAFE),
            _deployment({"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}, securityContext=_SAFE),
        ],
        holds=[_deployment(securityContext=_SAFE)],
    ),
    Policy(
        id="kubernetes-no-wild-roles",
        reason="`*` grants reading every secret, and every kind that is installed later.",
        source="Kubernetes documentation, role based access control good practices",
        check=_wild_roles,
        fires=[_role(apiGroups=[""], resources=["*"], verbs=["get"])],
        holds=[_role(apiGroups=[""], resources=["configmaps"], verbs=["get"])],
    ),
    Policy(
        id="kubernetes-guarded-namespaces",
        reason="Anybody who may make a pod in the namespace may make a privileged one.",
        source="Kubernetes documentation, pod security admission",
        check=_unguarded,
        fires=[{f"{NAMESPACE} app": {"metadata": {"name": "app"}}}],
        holds=[{f"{NAMESPACE} app": {"metadata": {"name": "app", "labels": {_ENFORCED: "restricted"}}}}],
    ),
)
