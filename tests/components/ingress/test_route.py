"""What leads a name to a Service, by whatever the cluster is reached."""

from __future__ import annotations

import pulumi
import pytest

from components.base import Outputs, Spec
from components.component import Component
from components.ingress.contract import IngressOutputs
from components.ingress.route import route
from components.recording import RecordedResource
from tests.harness.kubernetes_plugin.custom import wrong
from tests.harness.recorded import deploy

HOST = "notes.dev.ml.acme.example"


class Notes(Component[Outputs]):
    """Who has a Service."""


def made(*, class_name: str | None = None, gateway: str | None = None) -> RecordedResource:
    """The route of a Service, with what it has to wait for."""

    def program(opts: pulumi.ResourceOptions) -> None:
        known = pulumi.Output.from_input
        ingress = IngressOutputs(
            class_name=known(class_name) if class_name else None,
            gateway=known(gateway) if gateway else None,
            domain=known("dev.ml.acme.example"),
        )
        owner = Notes("notes", Spec(), opts)
        first = pulumi.CustomResource("kubernetes:core/v1:Service", "notes", {}, owner.child)
        route(owner, "notes", ingress, host=HOST, namespace="notes", service="web", port=8080, depends_on=[first])

    (found,) = [item for item in deploy(program).managed if not item.type.endswith(":Service")]
    return found


def test_it_is_an_ingress_of_the_class() -> None:
    """A class means an Ingress: one host, all paths, the port by its number."""
    found = made(class_name="nginx")
    backend = {"service": {"name": "web", "port": {"number": 8080}}}

    assert "kubernetes:networking.k8s.io/v1:Ingress" == found.type
    assert {"namespace": "notes", "name": "web"} == found.inputs["metadata"]
    assert {
        "ingressClassName": "nginx",
        "rules": [{"host": HOST, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
    } == found.inputs["spec"]


def test_it_is_an_http_route_of_the_gateway() -> None:
    """A Gateway means an HTTPRoute, which its published schema takes."""
    found = made(gateway="gateway/main")

    assert "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute" == found.type
    assert {"namespace": "notes", "name": "web"} == found.inputs["metadata"]
    assert {
        "parentRefs": [{"namespace": "gateway", "name": "main"}],
        "hostnames": [HOST],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"name": "web", "port": 8080}],
                "timeouts": {"request": "0s"},
            }
        ],
    } == found.inputs["spec"]
    assert [] == list(wrong(found.type, dict(found.inputs)))


@pytest.mark.parametrize("way", [{"class_name": "nginx"}, {"gateway": "gateway/main"}])
def test_it_waits_for_what_it_leads_to(way: dict[str, str]) -> None:
    """A name that leads nowhere yet is a failed deployment to whoever looks."""
    assert ["notes"] == [urn.rpartition("::")[2] for urn in made(**way).dependencies if ":Service::" in urn]
