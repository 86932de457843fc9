"""One Gateway, one certificate, by TLS only, and for namespaces that are named."""

from __future__ import annotations

from typing import Any

import pytest

from components.base import Tier
from components.conformance import Case
from components.errors import UserError
from components.ingress.contract import ROUTES_LABEL, AlbSpec, GatewaySpec, self_signed_problem
from components.recording import RecordedResource
from stacks.load import validate
from tests.harness.kubernetes_plugin.custom import wrong
from tests.harness.recorded import before

DOMAIN = "dev.ml.acme.example"


def spec(**values: Any) -> GatewaySpec:
    """A spec as a stack file gives it."""
    return validate({"flavor": "gateway", "domain": DOMAIN, **values}, GatewaySpec, "dev.yaml")


ISSUED, OWN = spec(issuer="letsencrypt"), spec(self_signed=True)


def managed(given: GatewaySpec = ISSUED, tier: Tier = Tier.DEV) -> dict[str, RecordedResource]:
    """What the ingress registers, by kind and name in the cluster."""
    built = Case(given, cloud=False).built(tier)
    return {f"{item.type.rpartition(':')[2]} {item.inputs['metadata']['name']}": item for item in built.managed}


def listeners(given: GatewaySpec = ISSUED) -> dict[str, Any]:
    """The listeners of the Gateway by name."""
    return {listener["name"]: listener for listener in managed(given)["Gateway main"].inputs["spec"]["listeners"]}


def test_every_name_below_the_domain_is_served_by_tls() -> None:
    """One wildcard, whose certificate lies where the Gateway may read it."""
    https, certificate = listeners()["https"], managed()["Certificate wildcard"]

    assert (443, "HTTPS", f"*.{DOMAIN}", "Terminate") == (
        https["port"],
        https["protocol"],
        https["hostname"],
        https["tls"]["mode"],
    )
    assert [{"kind": "Secret", "name": certificate.inputs["spec"]["secretName"]}] == https["tls"]["certificateRefs"]
    assert [f"*.{DOMAIN}", DOMAIN] == certificate.inputs["spec"]["dnsNames"]
    assert 1 == len({item.inputs["metadata"]["namespace"] for name, item in managed().items() if name in SAME_HOME})


SAME_HOME = {"Certificate wildcard", "Gateway main", "HTTPRoute to-https"}


def test_routes_are_taken_from_named_namespaces_only() -> None:
    """A project that could make routes elsewhere would take the names of others."""
    labelled = {"from": "Selector", "selector": {"matchLabels": {ROUTES_LABEL: "true"}}}

    assert labelled == listeners()["https"]["allowedRoutes"]["namespaces"]


def test_who_comes_without_tls_is_sent_on() -> None:
    """The listener without TLS takes no route but the one that redirects, which is in its own namespace."""
    route = managed()["HTTPRoute to-https"].inputs["spec"]

    assert {"from": "Same"} == listeners()["http"]["allowedRoutes"]["namespaces"]
    assert [{"name": "main", "sectionName": "http"}] == route["parentRefs"]
    assert [{"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}] == [
        each for rule in route["rules"] for each in rule["filters"]
    ]
    assert "backendRefs" not in str(route)


def test_the_certificate_is_signed_by_the_issuer() -> None:
    """A ClusterIssuer that the cluster has, and nothing of the Gateway's own."""
    issuer = managed()["Certificate wildcard"].inputs["spec"]["issuerRef"]

    assert {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt"} == issuer
    assert [] == [name for name in managed() if name.startswith("Issuer")]


def test_its_own_authority_signs_in_dev() -> None:
    """A root that signs itself, an authority, a certificate of it: people trust the authority once."""
    found = managed(OWN)
    signed_by = {name: item.inputs["spec"]["issuerRef"]["name"] for name, item in found.items() if "Certif" in name}

    assert {"Certificate authority": "self-signed", "Certificate wildcard": "authority"} == signed_by
    assert found["Certificate authority"].inputs["spec"]["isCA"]
    assert {"secretName": "authority"} == found["Issuer authority"].inputs["spec"]["ca"]
    assert {"Issuer self-signed", "Certificate authority", "Issuer authority"} <= before(found, "Certificate wildcard")


@pytest.mark.parametrize("tier", [Tier.STAGING, Tier.PROD])
def test_elsewhere_a_certificate_is_one_that_browsers_trust(tier: Tier) -> None:
    """The component refuses it, and whoever reads a stack file may say so first."""
    with pytest.raises(UserError) as refused:
        Case(OWN, cloud=False).built(tier)

    told = f"no browser trusts it, so `dev` alone may; {tier.value} needs an issuer of its cluster"
    assert f"ingress: self_signed: {told}" == str(refused.value)
    assert [None, None] == [self_signed_problem(ISSUED, tier), self_signed_problem(OWN, Tier.DEV)]
    assert self_signed_problem(AlbSpec(domain=DOMAIN, zone_id="Z0"), tier) is None


def test_nobody_is_let_in_before_the_certificate_is_asked_for() -> None:
    """The Gateway comes after certificate and class, and its route last."""
    assert {"Certificate wildcard", "GatewayClass stackwright"} <= before(managed(), "Gateway main")
    assert "Gateway main" in before(managed(), "HTTPRoute to-https")


def test_a_class_of_the_cluster_is_used_as_it_is() -> None:
    """Then no class is made, and nothing of Envoy's is needed."""
    given = spec(issuer="letsencrypt", gateway_class="cilium")

    assert "cilium" == managed(given)["Gateway main"].inputs["spec"]["gatewayClassName"]
    assert [] == [name for name in managed(given) if name.startswith("GatewayClass")]
    assert ("cert-manager.io", "gateway.networking.k8s.io") == given.api_groups
    assert "gateway.envoyproxy.io" in ISSUED.api_groups


def test_the_load_balancer_is_told_what_people_say() -> None:
    """Annotations reach the Service that the controller makes; without any, there is no such field."""
    told = {"metallb.io/address-pool": "internal"}
    given = managed(spec(issuer="letsencrypt", annotations=told))

    assert {"annotations": told} == given["Gateway main"].inputs["spec"]["infrastructure"]
    assert "infrastructure" not in managed()["Gateway main"].inputs["spec"]


@pytest.mark.parametrize("given", [ISSUED, OWN], ids=["issuer", "self-signed"])
def test_published_schemas_take_every_object(given: GatewaySpec) -> None:
    """Field by field, as the definitions of the Gateway API and of cert-manager say."""
    found = [item for name, item in managed(given).items() if not name.startswith("Namespace")]

    assert [] == [(item.name, told) for item in found for told in wrong(item.type, dict(item.inputs))]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "give one of issuer, self_signed; none of them is given"),
        ({"issuer": "a", "self_signed": True}, "give one of issuer, self_signed; issuer and self_signed are given"),
        ({"self_signed": False}, "self_signed: `False`: input should be True"),
        ({"issuer": "a", "domain": "*.acme.example"}, "domain: `*.acme.example`: string should match pattern"),
        ({"issuer": "a", "gateway_class": "Cilium"}, "gateway_class: `Cilium`: string should match pattern"),
    ],
)
def test_what_cannot_be_is_refused(values: dict[str, Any], told: str) -> None:
    """Each at its path."""
    with pytest.raises(UserError) as refused:
        spec(**values)

    assert told in str(refused.value)
