"""One load balancer, one certificate, one wildcard name; by TLS only, and for those who are named."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from components.base import Tier
from components.conformance import Case
from components.errors import UserError
from components.ingress.contract import AlbSpec
from components.recording import RecordedResource
from tests.harness.recorded import before

DOMAIN, ZONE = "dev.ml.acme.example", "Z0123456789ABCDEFGHIJ"
SPEC = AlbSpec(domain=DOMAIN, zone_id=ZONE)


@cache
def managed(spec: AlbSpec = SPEC, tier: Tier = Tier.PROD) -> dict[str, RecordedResource]:
    """What the ingress registers, by class and name."""
    built = Case(spec).built(tier)
    return {f"{item.type.rpartition(':')[2]} {item.name}": item for item in built.managed}


def parameters(spec: AlbSpec = SPEC, tier: Tier = Tier.PROD) -> dict[str, Any]:
    """What holds for every Ingress of the class."""
    return dict(managed(spec, tier)["IngressClassParams ingress"].inputs["spec"])


def attributes(spec: AlbSpec = SPEC) -> dict[str, str]:
    """The attributes of the load balancer."""
    return {pair["key"]: pair["value"] for pair in parameters(spec)["loadBalancerAttributes"]}


def test_one_proof_is_for_both_names() -> None:
    """The domain and all below it are in one certificate, and ACM asks one record for them."""
    found, option = managed(), "${aws:acm/certificate:Certificate::ingress.domainValidationOptions[0]"

    assert {"domainName": DOMAIN, "subjectAlternativeNames": [f"*.{DOMAIN}"], "validationMethod": "DNS"} == found[
        "Certificate ingress"
    ].inputs
    assert {
        "zoneId": ZONE,
        "name": f"{option}.resourceRecordName}}",
        "type": f"{option}.resourceRecordType}}",
        "records": [f"{option}.resourceRecordValue}}"],
        "ttl": 60,
    } == found["Record ingress-proof"].inputs
    assert ["${aws:route53/record:Record::ingress-proof.fqdn}"] == found["CertificateValidation ingress"].inputs[
        "validationRecordFqdns"
    ]


def test_no_load_balancer_comes_before_its_certificate() -> None:
    """A listener with a certificate that is not issued is refused, so it waits for the proof."""
    assert "CertificateValidation ingress" in before(managed(), "IngressClassParams ingress")
    assert "IngressClassParams ingress" in before(managed(), "IngressClass ingress")
    assert "IngressClass ingress" in before(managed(), "Ingress ingress")


@pytest.mark.parametrize("tier", [Tier.DEV, Tier.STAGING, Tier.PROD])
def test_only_tls_is_spoken(tier: Tier) -> None:
    """HTTP is answered with the way to HTTPS, and TLS is 1.2 or newer with forward secrecy."""
    said = managed(tier=tier)["Ingress ingress"].inputs["metadata"]["annotations"]

    assert "ELBSecurityPolicy-TLS13-1-2-Res-2021-06" == parameters(tier=tier)["sslPolicy"]
    assert [{"HTTP": 80}, {"HTTPS": 443}] == json.loads(said["alb.ingress.kubernetes.io/listen-ports"])
    assert "443" == said["alb.ingress.kubernetes.io/ssl-redirect"]


@pytest.mark.parametrize(
    ("internal", "scheme", "allowed", "expected"),
    [
        (True, "internal", (), ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]),
        (True, "internal", ("10.20.0.0/16",), ["10.20.0.0/16"]),
        (False, "internet-facing", ("198.51.100.0/24",), ["198.51.100.0/24"]),
    ],
)
def test_it_lets_in_who_is_named(internal: bool, scheme: str, allowed: tuple[str, ...], expected: list[str]) -> None:
    """What the class says holds for every Ingress, whatever its annotations say."""
    found = parameters(AlbSpec(domain=DOMAIN, zone_id=ZONE, internal=internal, allowed_cidrs=allowed))

    assert (scheme, expected) == (found["scheme"], found["inboundCIDRs"])


EVERYBODY = AlbSpec(domain=DOMAIN, zone_id=ZONE, internal=False, allowed_cidrs=("0.0.0.0/0",))


@pytest.mark.parametrize("tier", [Tier.STAGING, Tier.PROD])
def test_the_whole_internet_is_refused_outside_dev(tier: Tier) -> None:
    """In dev it is a choice; from staging on it is a mistake."""
    told = f"lets the whole internet in, which `dev` alone may; {tier.value} needs the ranges of its visitors"

    assert ["0.0.0.0/0"] == parameters(EVERYBODY, Tier.DEV)["inboundCIDRs"]
    with pytest.raises(UserError) as refused:
        Case(EVERYBODY).built(tier)
    assert [f"ingress: allowed_cidrs: `0.0.0.0/0`: {told}"] == refused.value.problems


def test_malformed_requests_are_dropped_and_deletion_is_not_blocked() -> None:
    """A protected load balancer would stay after a destroy, and keep the network from going."""
    expected = {
        "deletion_protection.enabled": "false",
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }

    assert expected == attributes()


def test_requests_are_recorded_where_that_is_asked_for() -> None:
    """The bucket is somebody else's; lines of this environment begin with its name."""
    found = attributes(AlbSpec(domain=DOMAIN, zone_id=ZONE, access_log_bucket="acme-logs"))

    assert ("true", "acme-logs", "acme-prod") == tuple(
        found[f"access_logs.s3.{part}"] for part in ("enabled", "bucket", "prefix")
    )


def test_all_ingresses_of_the_class_share_one_load_balancer() -> None:
    """The group is part of the class, and its load balancer has the tags of everything else."""
    found = parameters()

    assert {"name": "acme-prod"} == found["group"]
    assert {"stackwright:environment": "prod", "stackwright:tier": "prod"} == {
        pair["key"]: pair["value"] for pair in found["tags"]
    }
    assert {
        "controller": "ingress.k8s.aws/alb",
        "parameters": {"apiGroup": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": "alb"},
    } == managed()["IngressClass ingress"].inputs["spec"]
    assert "alb" == managed()["IngressClassParams ingress"].inputs["metadata"]["name"]


def test_what_nobody_serves_is_not_found() -> None:
    """The component's own Ingress answers by itself, without a pod."""
    found = managed()["Ingress ingress"].inputs
    answer = json.loads(found["metadata"]["annotations"]["alb.ingress.kubernetes.io/actions.not-found"])
    backend = found["spec"]["defaultBackend"]["service"]

    assert ("fixed-response", "404") == (answer["type"], answer["fixedResponseConfig"]["statusCode"])
    assert {"name": "not-found", "port": {"name": "use-annotation"}} == backend
    assert "alb" == found["spec"]["ingressClassName"]


def test_every_name_leads_to_the_load_balancer() -> None:
    """The record has the address that the controller reports, so it is there only after the load balancer."""
    address = "${kubernetes:networking.k8s.io/v1:Ingress::ingress.status.loadBalancer.ingress[0].hostname}"

    assert {"zoneId": ZONE, "name": f"*.{DOMAIN}", "type": "CNAME", "ttl": 60, "records": [address]} == managed()[
        "Record ingress-wildcard"
    ].inputs


def test_the_load_balancer_is_really_deleted_while_its_controller_lives() -> None:
    """Nothing takes it away with the cluster, and it waits for the controller, so on destroy it goes before it."""
    built = Case(SPEC).built(Tier.PROD)
    (ingress,) = [item for item in built.managed if item.type.endswith(":Ingress")]

    assert (None, False) == (ingress.deleted_with, ingress.retain_on_delete)
    assert {"services-source", "services-sibling"} <= {urn.rpartition("::")[2] for urn in ingress.dependencies}


def test_what_is_promised_is_what_is_there() -> None:
    """The class and the domain that others are told of."""
    built = Case(SPEC).built()

    assert {"class_name": "alb", "domain": DOMAIN} == built.root.outputs
