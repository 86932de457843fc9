"""What one project can do to another in a real cluster: nothing.

Both projects come from the recorded stacks of the examples, in both shapes. Quotas, rights and admission are decided by
the real API server; network policies are only accepted by it, for no traffic flows here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
from kubernetes import client as kubernetes

from tests.harness.cluster.nodes import plain_node
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import AnswerError, Rest
from tests.harness.cluster.rights import Right, Subject, allowed
from tests.harness.cluster.tenants import Tenant, settle

pytestmark = pytest.mark.cluster

SHAPES = [pytest.param("aws", marks=pytest.mark.slow), "kubernetes"]


@dataclass(frozen=True)
class Tenants:
    """Two projects in one cluster, each with a GPU."""

    plane: Plane
    churn: Tenant
    fraud: Tenant


@pytest.fixture(scope="module", params=SHAPES)
def tenants(
    request: pytest.FixtureRequest, new_plane: Callable[[], AbstractContextManager[Plane]]
) -> Generator[Tenants]:
    """Two projects of a shape."""
    with new_plane() as plane:
        plane.install_crds(["gateway.networking.k8s.io"])
        plane.add_nodes(*(plain_node(name, **{"nvidia.com/gpu": "4"}) for name in ("one", "two")))
        yield Tenants(plane, settle(plane, request.param, "churn"), settle(plane, request.param, "fraud"))


def model(tenant: Tenant, replicas: int = 1, *, gpus: int = 0, **pod: Any) -> dict[str, Any]:
    """Return a deployment as a project might write one."""
    asked = {"cpu": "1", "memory": "1Gi"} | ({"nvidia.com/gpu": str(gpus)} if gpus else {})
    container = {
        "name": "model",
        "image": tenant.image,
        "resources": {"requests": asked, "limits": {key: value for key, value in asked.items() if key != "cpu"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    spec = {
        "serviceAccountName": tenant.account,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        **pod,
    }
    labels = {"app": "model"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "model", "namespace": tenant.namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def deployer(tenants: Tenants, tenant: Tenant) -> Rest:
    """Return the requests of the jobs that deploy a project."""
    return Rest(tenants.plane.client("somebody", [tenant.group]))


def failure(plane: Plane, tenant: Tenant) -> str | None:
    """Return why a deployment has too few pods, as its status says."""
    found = kubernetes.AppsV1Api(plane.api()).read_namespaced_deployment_status("model", tenant.namespace)
    said = [item.message for item in found.status.conditions or () if item.type == "ReplicaFailure"]
    return said[0] if said else None


def running(plane: Plane, tenant: Tenant) -> int:
    """Return how many pods of a project run."""
    found = kubernetes.CoreV1Api(plane.api()).list_namespaced_pod(tenant.namespace).items
    return sum(item.status.phase == "Running" for item in found)


def test_a_project_over_its_gpu_quota_is_refused_and_no_other(tenants: Tenants) -> None:
    """Of three pods that want a GPU one runs, and the deployment says why; the other project gets its GPU."""
    plane, churn, fraud = tenants.plane, tenants.churn, tenants.fraud
    for tenant, replicas in ((churn, 3), (fraud, 1)):
        deployer(tenants, tenant).apply(model(tenant, replicas, gpus=1), "test")

    why = plane.eventually(lambda: failure(plane, churn), "a deployment that says why")
    plane.eventually(lambda: (running(plane, churn), running(plane, fraud)) == (1, 1), "one pod of each project")

    assert "exceeded quota: project" in str(why)
    assert "requests.nvidia.com/gpu=1" in str(why)
    assert failure(plane, fraud) is None
    for tenant in (churn, fraud):
        path = deployer(tenants, tenant).path_of(model(tenant))
        deployer(tenants, tenant).delete(path)


CHANGE = ("create", "delete", "get", "list", "patch", "update", "watch")
READ = ("get", "list", "watch")
NEVER = ("bind", "deletecollection", "escalate", "impersonate")
RESOURCES: tuple[tuple[str, str], ...] = (
    ("", "bindings"),
    ("", "configmaps"),
    ("", "endpoints"),
    ("", "events"),
    ("", "limitranges"),
    ("", "namespaces"),
    ("", "nodes"),
    ("", "persistentvolumeclaims"),
    ("", "persistentvolumes"),
    ("", "pods"),
    ("", "pods/attach"),
    ("", "pods/ephemeralcontainers"),
    ("", "pods/exec"),
    ("", "pods/log"),
    ("", "pods/portforward"),
    ("", "replicationcontrollers"),
    ("", "resourcequotas"),
    ("", "secrets"),
    ("", "serviceaccounts"),
    ("", "serviceaccounts/token"),
    ("", "services"),
    ("", "services/proxy"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("certificates.k8s.io", "certificatesigningrequests"),
    ("gateway.networking.k8s.io", "gateways"),
    ("gateway.networking.k8s.io", "httproutes"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
)
ALL: list[Right] = [(verb, *where) for where, verb in itertools.product(RESOURCES, (*CHANGE, *NEVER))]
MAY_CHANGE = {
    ("", "configmaps"),
    ("", "services"),
    ("apps", "deployments"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("batch", "jobs"),
    ("policy", "poddisruptionbudgets"),
}
MAY_READ = {("", "events"), ("", "pods"), ("", "pods/log"), ("apps", "replicasets")}


def deploys(route: str) -> set[Right]:
    """Return what the jobs that deploy may do in their own namespace."""
    group = {"ingresses": "networking.k8s.io", "httproutes": "gateway.networking.k8s.io"}[route]
    changes = {(verb, *where) for where, verb in itertools.product({*MAY_CHANGE, (group, route)}, CHANGE)}
    return changes | {(verb, *where) for where, verb in itertools.product(MAY_READ, READ)}


def test_the_jobs_that_deploy_rule_in_their_namespace_only(tenants: Tenants) -> None:
    """They make workloads, services, routes and configuration at home, and nothing elsewhere or for the cluster."""
    plane, churn = tenants.plane, tenants.churn
    who = Subject.member(churn.group)

    assert deploys(churn.route) == allowed(plane, who, ALL, churn.namespace)
    for elsewhere in (tenants.fraud.namespace, "kube-system", "default", None):
        assert set() == allowed(plane, who, ALL, elsewhere)


def test_served_models_may_do_nothing(tenants: Tenants) -> None:
    """Their service account has no right anywhere, not even at home."""
    plane, churn = tenants.plane, tenants.churn
    who = Subject.service_account(churn.namespace, churn.account)

    for where in (churn.namespace, tenants.fraud.namespace, "kube-system", None):
        assert set() == allowed(plane, who, ALL, where)


def test_a_pod_that_uses_its_account_gets_no_token(tenants: Tenants) -> None:
    """Nothing of the API server is mounted where a model runs."""
    plane, churn = tenants.plane, tenants.churn
    deployer(tenants, churn).apply(model(churn), "test")
    plane.eventually(lambda: running(plane, churn) == 1, "a pod of churn")

    (pod,) = kubernetes.CoreV1Api(plane.api()).list_namespaced_pod(churn.namespace).items
    assert [] == [volume.name for volume in pod.spec.volumes or () if volume.projected]
    deployer(tenants, churn).delete(deployer(tenants, churn).path_of(model(churn)))


def refused(rest: Rest, wanted: dict[str, Any]) -> str:
    """Return what the API server says of an object that it does not take."""
    with pytest.raises(AnswerError) as caught:
        rest.apply(wanted, "test")
    return caught.value.message


def test_only_images_of_its_own_run(tenants: Tenants) -> None:
    """Neither a tag nor the image of another project gets in; the rule is that of the API server itself."""
    churn, rest = tenants.churn, deployer(tenants, tenants.churn)
    tagged = churn.image.partition("@")[0] + ":latest"
    for image in (tagged, tenants.fraud.image, "docker.io/library/busybox@sha256:" + "0" * 64):
        wanted = model(churn)
        wanted["spec"]["template"]["spec"]["containers"][0]["image"] = image
        assert "images must be" in refused(rest, wanted)
    assert "priorityClassName is not for projects" in refused(
        rest, model(churn, priorityClassName="system-cluster-critical")
    )


def test_jobs_go_when_they_are_finished(tenants: Tenants) -> None:
    """A job without a time to live is refused; one with it is gone soon after its end, and its pod with it."""
    plane, churn, rest = tenants.plane, tenants.churn, deployer(tenants, tenants.churn)
    job = model(churn, restartPolicy="Never")
    job |= {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": job["spec"]["template"]}}

    assert "finished jobs and their pods go" in refused(rest, job)

    job["spec"]["ttlSecondsAfterFinished"] = 1
    rest.apply(job, "test")
    batch, core = kubernetes.BatchV1Api(plane.api()), kubernetes.CoreV1Api(plane.api())
    plane.eventually(lambda: not batch.list_namespaced_job(churn.namespace).items, "a finished job that is gone")
    plane.eventually(lambda: not core.list_namespaced_pod(churn.namespace).items, "its pod that is gone")


def test_a_privileged_pod_is_refused(tenants: Tenants) -> None:
    """The namespace takes pods of the restricted standard only: the deployment says why nothing runs."""
    plane, churn, rest = tenants.plane, tenants.churn, deployer(tenants, tenants.churn)
    rest.apply(model(churn, hostNetwork=True), "test")

    why = plane.eventually(lambda: failure(plane, churn), "a deployment that says why")
    rest.delete(rest.path_of(model(churn)))

    assert 'violates PodSecurity "restricted' in str(why)
    assert "host namespaces (hostNetwork=true)" in str(why)


def test_routes_and_services_are_its_own(tenants: Tenants) -> None:
    """A route for another host is refused, and so is an address of the cluster's own for a service."""
    churn, rest = tenants.churn, deployer(tenants, tenants.churn)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "open", "namespace": churn.namespace}}
    ports = {"ports": [{"port": 80}]}

    assert "type must be `ClusterIP`" in refused(rest, service | {"spec": {"type": "NodePort", **ports}})
    assert "externalIPs would take" in refused(rest, service | {"spec": {"externalIPs": ["192.0.2.1"], **ports}})
    assert "must be" in refused(rest, _route(churn, "fraud.dev.ml.acme.example"))


def _route(tenant: Tenant, host: str) -> dict[str, Any]:
    metadata = {"name": "stolen", "namespace": tenant.namespace}
    if tenant.route == "httproutes":
        spec: dict[str, Any] = {"hostnames": [host], "rules": [{"backendRefs": [{"name": "model", "port": 80}]}]}
        return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec}
    backend = {"service": {"name": "model", "port": {"number": 80}}}
    paths = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    spec = {"ingressClassName": "alb", "rules": [{"host": host, **paths}]}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata, "spec": spec}
