"""What the API server refuses in a project's namespace: its rules, decided for objects of all kinds."""

from __future__ import annotations

from typing import Any

import pytest

from tests.harness.cel import evaluate
from tests.harness.deployer import REPOSITORY, deployed, deployed_anywhere
from tests.harness.recorded import Recorded

HOST = "churn.dev.ml.acme.example"
PINNED = f"{REPOSITORY}@sha256:{'0' * 64}"
ALB = "alb.ingress.kubernetes.io"


def refused(resource: str, value: dict[str, Any], found: Recorded | None = None) -> list[str]:
    """Return what is said of an object, in AWS unless told otherwise; nothing where it is let in."""
    specs = [item.inputs["spec"] for item in (found or deployed()).all("ValidatingAdmissionPolicy").values()]
    (spec,) = [one for one in specs if one["matchConstraints"]["resourceRules"][0]["resources"] == [resource]]
    return [rule["message"] for rule in spec["validations"] if not evaluate(rule["expression"], value)]


def deployment(*images: str, init: tuple[str, ...] = (), **pod: Any) -> dict[str, Any]:
    """Return a deployment."""
    containers = {"containers": [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]}
    first = {"initContainers": [{"name": "i", "image": image} for image in init]} if init else {}
    return {"metadata": {"name": "churn"}, "spec": {"template": {"spec": containers | first | pod}}}


OTHER_IMAGE = [f"images must be `{REPOSITORY}@sha256:…`: the project's own, by digest"]

DEPLOYMENTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the project's image": (deployment(PINNED), []),
    "two of them, and one that runs first": (deployment(PINNED, PINNED, init=(PINNED,)), []),
    "a tag": (deployment(f"{REPOSITORY}:latest"), OTHER_IMAGE),
    "another project's image": (deployment(PINNED.replace("churn", "fraud")), OTHER_IMAGE),
    "a repository with a longer name": (deployment(PINNED.replace("churn@", "churn-eu@")), OTHER_IMAGE),
    "a second container of another": (deployment(PINNED, "docker.io/library/busybox:1"), OTHER_IMAGE),
    "a first container of another": (deployment(PINNED, init=("docker.io/library/busybox:1",)), OTHER_IMAGE),
    "a priority": (
        deployment(PINNED, priorityClassName="system-cluster-critical"),
        ["priorityClassName is not for projects"],
    ),
}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_what_may_run(name: str) -> None:
    """Deployments run the project's own images, by digest, and push nobody away."""
    value, expected = DEPLOYMENTS[name]
    assert expected == refused("deployments", value)


TOO_LONG = ["ttlSecondsAfterFinished must be 86400 or less: finished jobs and their pods go"]

JOBS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "one that goes": ({"ttlSecondsAfterFinished": 3600}, []),
    "one that goes at once": ({"ttlSecondsAfterFinished": 0}, []),
    "one that stays": ({}, TOO_LONG),
    "one that stays for days": ({"ttlSecondsAfterFinished": 86_401}, TOO_LONG),
}


@pytest.mark.parametrize("name", JOBS)
def test_finished_jobs_go(name: str) -> None:
    """Jobs have a time to live, a day at most; what they run is what deployments may run."""
    fields, expected = JOBS[name]
    value, other = (deployment(image) for image in (PINNED, "docker.io/library/busybox:1"))
    assert expected == refused("jobs", {"spec": value["spec"] | fields})
    assert [*OTHER_IMAGE, *expected] == refused("jobs", {"spec": other["spec"] | fields})


def route(*hosts: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """Return an ingress of the right class."""
    rules: dict[str, Any] = {"rules": [{"host": host} for host in hosts]} if hosts else {}
    noted: dict[str, Any] = {"annotations": annotations} if annotations else {}
    return {"metadata": {"name": "churn", **noted}, "spec": {"ingressClassName": "alb", **rules, **spec}}


OTHER_HOST = [f"routes must be for `{HOST}`, without a default backend"]
OTHER_CLASS = ["ingressClassName must be `alb`"]
BALANCER = [
    f"of `…ingress.kubernetes.io/` a project may say {ALB}/healthcheck-…, "
    "backend-protocol-version, success-codes, target-type"
]

ROUTES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the project's host": (route(HOST), []),
    "two rules and TLS": (route(HOST, HOST, tls=[{"hosts": [HOST]}]), []),
    "a health check": (route(HOST, annotations={f"{ALB}/healthcheck-path": "/ready", "acme/team": "x"}), []),
    "another project's host": (route("fraud.dev.ml.acme.example"), OTHER_HOST),
    "another host beside its own": (route(HOST, "mlflow.dev.ml.acme.example"), OTHER_HOST),
    "every host": (route("*.dev.ml.acme.example"), OTHER_HOST),
    "a rule without a host": ({"metadata": {}, "spec": {"ingressClassName": "alb", "rules": [{}]}}, OTHER_HOST),
    "no rule": (route(), OTHER_HOST),
    "whatever nobody else takes": (route(HOST, defaultBackend={"service": {"name": "x"}}), OTHER_HOST),
    "a certificate of others": (route(HOST, tls=[{"hosts": [HOST, "mlflow.dev.ml.acme.example"]}]), OTHER_HOST),
    "a certificate of whomever": (route(HOST, tls=[{"secretName": "x"}]), OTHER_HOST),
    "another class": (route(HOST, ingressClassName="nginx"), OTHER_CLASS),
    "no class": ({"metadata": {}, "spec": {"rules": [{"host": HOST}]}}, OTHER_CLASS),
    "the class of old": (route(HOST, annotations={"kubernetes.io/ingress.class": "alb"}), BALANCER),
    "an action": (route(HOST, annotations={f"{ALB}/actions.steal": "{}"}), BALANCER),
    "another load balancer": (route(HOST, annotations={f"{ALB}/group.name": "mine"}), BALANCER),
    "a public one": (route(HOST, annotations={f"{ALB}/scheme": "internet-facing"}), BALANCER),
    "what another controller reads": (
        route(HOST, annotations={"nginx.ingress.kubernetes.io/server-snippet": "x"}),
        BALANCER,
    ),
    "its attributes": (route(HOST, annotations={f"{ALB}/load-balancer-attributes": "x"}), BALANCER),
}


@pytest.mark.parametrize("name", ROUTES)
def test_what_may_be_reached(name: str) -> None:
    """Routes are for the project's host, and leave the load balancer that all share as it is."""
    value, expected = ROUTES[name]
    assert expected == refused("ingresses", value)


GATEWAY = {"namespace": "gateway", "name": "main"}


def http_route(*hosts: str, parents: tuple[dict[str, str], ...] = (GATEWAY,)) -> dict[str, Any]:
    """Return a route of a gateway."""
    return {"metadata": {"name": "churn"}, "spec": {"parentRefs": [*parents], "hostnames": [*hosts], "rules": []}}


OTHER_NAME = [f"hostnames must be `{HOST}`, and nothing else"]
OTHER_GATEWAY = ["parentRefs must be the gateway `gateway/main`"]

HTTP_ROUTES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "the project's host": (http_route(HOST), []),
    "one that says all": (
        http_route(HOST, parents=(GATEWAY | {"group": "gateway.networking.k8s.io", "kind": "Gateway"},)),
        [],
    ),
    "one listener of it": (http_route(HOST, parents=(GATEWAY | {"sectionName": "https"},)), []),
    "another project's host": (http_route("fraud.dev.ml.acme.example"), OTHER_NAME),
    "another host beside its own": (http_route(HOST, "mlflow.dev.ml.acme.example"), OTHER_NAME),
    "every host": (http_route("*.dev.ml.acme.example"), OTHER_NAME),
    "every host of the listener": (http_route(), OTHER_NAME),
    "no host": ({"spec": {"parentRefs": [GATEWAY]}}, OTHER_NAME),
    "another gateway": (http_route(HOST, parents=(GATEWAY | {"name": "internal"},)), OTHER_GATEWAY),
    "a gateway of its own": (http_route(HOST, parents=({"name": "main"},)), OTHER_GATEWAY),
    "another gateway beside it": (http_route(HOST, parents=(GATEWAY, {"name": "mine"})), OTHER_GATEWAY),
    "a mesh": (http_route(HOST, parents=(GATEWAY | {"group": "", "kind": "Service"},)), OTHER_GATEWAY),
    "no gateway": (http_route(HOST, parents=()), OTHER_GATEWAY),
    "nothing": ({"spec": {}}, OTHER_GATEWAY + OTHER_NAME),
}


@pytest.mark.parametrize("name", HTTP_ROUTES)
def test_what_a_gateway_may_lead_to(name: str) -> None:
    """Routes of a gateway are for the project's host, and attach to the platform's gateway only."""
    value, expected = HTTP_ROUTES[name]
    assert expected == refused("httproutes", value, deployed_anywhere())


def test_there_is_one_way_into_a_cluster() -> None:
    """Routes are those of a gateway or of a class: of the other kind there is neither a right nor a rule."""
    ways = {"gateway": deployed_anywhere(), "class": deployed_anywhere(class_name="nginx")}
    ruled = {
        way: {
            rule["resources"][0]
            for item in found.all("ValidatingAdmissionPolicy").values()
            for rule in item.inputs["spec"]["matchConstraints"]["resourceRules"]
        }
        for way, found in ways.items()
    }

    assert {"gateway": {"httproutes"}, "class": {"ingresses"}} == {
        way: found & {"httproutes", "ingresses"} for way, found in ruled.items()
    }
    assert [] == refused("ingresses", route(HOST, ingressClassName="nginx"), ways["class"])
    assert ["ingressClassName must be `nginx`"] == refused("ingresses", route(HOST), ways["class"])


SERVICES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a plain one": ({"spec": {"ports": []}}, []),
    "one that says so": ({"spec": {"type": "ClusterIP"}}, []),
    "a load balancer": ({"spec": {"type": "LoadBalancer"}}, ["type must be `ClusterIP`; routes lead to it"]),
    "a port of each node": ({"spec": {"type": "NodePort"}}, ["type must be `ClusterIP`; routes lead to it"]),
    "another name": ({"spec": {"type": "ExternalName"}}, ["type must be `ClusterIP`; routes lead to it"]),
    "somebody's address": ({"spec": {"externalIPs": ["10.0.0.9"]}}, ["externalIPs would take the traffic of others"]),
}


@pytest.mark.parametrize("name", SERVICES)
def test_what_may_be_a_service(name: str) -> None:
    """Services are inside the cluster, under addresses that the cluster gives them."""
    value, expected = SERVICES[name]
    assert expected == refused("services", value)


def test_what_is_refused_is_refused() -> None:
    """Each rule denies, when an object is made and when it is changed, and when it cannot be decided."""
    found = deployed()
    for name, item in found.all("ValidatingAdmissionPolicy").items():
        spec, binding = item.inputs["spec"], found.all("ValidatingAdmissionPolicyBinding")[name].inputs["spec"]
        assert "Fail" == spec["failurePolicy"]
        assert ["CREATE", "UPDATE"] == spec["matchConstraints"]["resourceRules"][0]["operations"]
        assert (["Deny"], item.inputs["metadata"]["name"]) == (binding["validationActions"], binding["policyName"])
