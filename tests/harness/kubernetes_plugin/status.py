"""What controllers would write into objects, once everything works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.harness.kubernetes_plugin.objects import Object, Reference

Status = dict[str, Any]


def _balanced(at: Reference, _: Object) -> Status:
    host = f"k8s-{at.namespace}-{at.name}.elb.amazonaws.com"
    return {"loadBalancer": {"ingress": [{"hostname": host}]}}


def _service(at: Reference, wanted: Object) -> Status:
    balanced = (wanted.get("spec") or {}).get("type") == "LoadBalancer"
    return _balanced(at, wanted) if balanced else {"loadBalancer": {}}


def _job(_: Reference, wanted: Object) -> Status:
    done = (wanted.get("spec") or {}).get("completions", 1)
    return {"succeeded": done, "conditions": [{"type": "Complete", "status": "True"}]}


def _replicas(_: Reference, wanted: Object) -> Status:
    count = (wanted.get("spec") or {}).get("replicas", 1)
    return {"replicas": count, "readyReplicas": count, "availableReplicas": count}


def _release(at: Reference, wanted: Object) -> Status:
    names = {key: wanted.get(key) for key in ("chart", "version")}
    return {**names, "name": at.name, "namespace": at.namespace, "revision": 1, "status": "deployed"}


_STATUS: Mapping[tuple[str, str], Callable[[Reference, Object], Status]] = {
    ("", "Service"): _service,
    ("apps", "Deployment"): _replicas,
    ("apps", "StatefulSet"): _replicas,
    ("batch", "Job"): _job,
    ("helm.sh", "Release"): _release,
    ("networking.k8s.io", "Ingress"): _balanced,
}


def status_of(at: Reference, wanted: Object) -> Mapping[str, Status]:
    """Return the status of an object, if its kind has one."""
    written = _STATUS.get((at.group, at.kind))
    return {"status": written(at, wanted)} if written else {}
