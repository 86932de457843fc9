"""When an object is ready, kind by kind, as Pulumi's provider sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.harness.cluster.rest import Object, Rest

Check = Callable[[Rest, Object], str | None]
"""Says what is missing, or nothing; its docstring says when nothing is, for docs/fidelity.md."""


class FailedError(Exception):
    """It will never be ready."""


def unready(rest: Rest, live: Object) -> str | None:
    """Say what is missing of an object that is live, or nothing; kinds that nobody waits for are ready."""
    group = live["apiVersion"].rpartition("/")[0]
    check = CHECKS.get((group, live["kind"]))
    if check is None or live["metadata"].get("deletionTimestamp"):
        return _waited_for(live)
    return check(rest, live) or _waited_for(live)


def _deployment(rest: Rest, live: Object) -> str | None:
    """All replicas are updated and available, and the rollout has ended."""
    if problem := _behind(live):
        return problem
    wanted, status = live["spec"].get("replicas", 1), live["status"]
    ready = min(status.get("updatedReplicas", 0), status.get("availableReplicas", 0))
    if ready < wanted or status.get("replicas", 0) > wanted:
        return f"{ready} of {wanted} replicas are ready, of {status.get('replicas', 0)} that there are"
    done = _of(status, "Progressing")
    ended = done and done.get("reason") == "NewReplicaSetAvailable"
    return _condition(status, "Available") if ended else "the rollout has not ended"


def _stateful_set(rest: Rest, live: Object) -> str | None:
    """All replicas are updated and ready."""
    if problem := _behind(live):
        return problem
    wanted, status = live["spec"].get("replicas", 1), live["status"]
    ready = min(status.get("updatedReplicas", 0), status.get("readyReplicas", 0))
    return None if ready >= wanted else f"{ready} of {wanted} replicas are ready"


def _daemon_set(rest: Rest, live: Object) -> str | None:
    """A pod is ready on every node that it chooses."""
    if problem := _behind(live):
        return problem
    status = live["status"]
    wanted, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
    return None if ready >= wanted == status.get("updatedNumberScheduled", 0) else f"{ready} of {wanted} pods are ready"


def _job(rest: Rest, live: Object) -> str | None:
    """It is complete; one that failed is given up at once."""
    status = live.get("status", {})
    if failed := _of(status, "Failed"):
        raise FailedError(f"{failed.get('reason')}: {failed.get('message')}")
    return _condition(status, "Complete")


def _pod(rest: Rest, live: Object) -> str | None:
    """It is ready, or has succeeded."""
    status = live.get("status", {})
    return None if status.get("phase") == "Succeeded" else _condition(status, "Ready")


def _service(rest: Rest, live: Object) -> str | None:
    """A pod that is ready matches its selector, if it has one; a load balancer has an address."""
    spec = live["spec"]
    if spec["type"] == "LoadBalancer" and not live["status"].get("loadBalancer", {}).get("ingress"):
        return "no address of a load balancer"
    if spec["type"] == "ExternalName" or not spec.get("selector") or spec.get("clusterIP") == "None":
        return None
    return None if _has_endpoints(rest, live) else "no pod that is ready matches its selector"


def _has_endpoints(rest: Rest, live: Object) -> bool:
    metadata = live["metadata"]
    text = f"kubernetes.io/service-name={metadata['name']}"
    slices = rest.items("discovery.k8s.io/v1", "EndpointSlice", metadata["namespace"], labelSelector=text)
    found = [point for item in slices for point in item.get("endpoints") or []]
    return any(point.get("conditions", {}).get("ready") for point in found)


def _ingress(rest: Rest, live: Object) -> str | None:
    """It has an address."""
    return None if live["status"].get("loadBalancer", {}).get("ingress") else "no address"


def _claim(rest: Rest, live: Object) -> str | None:
    """It is bound, unless its class waits for a first pod."""
    if live["status"].get("phase") == "Bound":
        return None
    name = live["spec"].get("storageClassName")
    late = name and rest.get(f"/apis/storage.k8s.io/v1/storageclasses/{name}").get("volumeBindingMode")
    return None if late == "WaitForFirstConsumer" else f"phase `{live['status'].get('phase')}`: no volume is bound"


def _definition(rest: Rest, live: Object) -> str | None:
    """It is established."""
    return _condition(live.get("status", {}), "Established")


def _namespace(rest: Rest, live: Object) -> str | None:
    """It is active."""
    return None if live["status"].get("phase") == "Active" else f"phase `{live['status'].get('phase')}`"


CHECKS: Mapping[tuple[str, str], Check] = {
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("networking.k8s.io", "Ingress"): _ingress,
}
"""Group and kind -> what makes it ready; other kinds are ready once they are there."""


def _waited_for(live: Object) -> str | None:
    """Say what is missing of the condition that the annotation `pulumi.com/waitFor` names."""
    said = (live["metadata"].get("annotations") or {}).get("pulumi.com/waitFor")
    if not said:
        return None
    if not said.startswith("condition="):
        raise FailedError(f"pulumi.com/waitFor: `{said}`: the stand-in knows `condition=<type>` alone")
    return _condition(live.get("status") or {}, said.removeprefix("condition=").partition("=")[0])


def _behind(live: Object) -> str | None:
    seen = live.get("status", {}).get("observedGeneration", 0)
    return None if seen >= live["metadata"]["generation"] else "its controller has not seen it yet"


def _of(status: Mapping[str, Any], type_: str) -> dict[str, Any] | None:
    """Return a condition that is true."""
    return next((item for item in _conditions(status) if item["type"] == type_ and item["status"] == "True"), None)


def _condition(status: Mapping[str, Any], type_: str) -> str | None:
    if _of(status, type_):
        return None
    return _false(status, type_) or f"no condition `{type_}`"


def _false(status: Mapping[str, Any], type_: str) -> str | None:
    for item in _conditions(status):
        if item["type"] == type_ and item["status"] != "True":
            return f"{type_} is {item['status']}: {item.get('reason')}: {item.get('message')}"
    return None


def _conditions(status: Mapping[str, Any]) -> list[dict[str, Any]]:
    return status.get("conditions") or []
