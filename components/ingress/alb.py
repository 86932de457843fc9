"""How services of a cluster are reached, by an AWS Application Load Balancer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from pulumi import Output
from pulumi_aws import acm, route53
from pulumi_kubernetes import apiextensions, networking

from components.component import Component
from components.errors import UserError
from components.ingress.contract import EVERYWHERE, TLS_POLICY, AlbSpec, IngressOutputs, too_open

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import ResourceOptions

    from components.base import AwsPlace
    from components.cluster.contract import ClusterOutputs
    from components.cluster_services.contract import ClusterServicesOutputs

CLASS = "alb"
NAMESPACE = "kube-system"

_NOT_FOUND = {
    "type": "fixed-response",
    "fixedResponseConfig": {"statusCode": "404", "contentType": "text/plain", "messageBody": "nothing is served here"},
}


class AlbIngress(Component[IngressOutputs]):
    """One load balancer for every `Ingress` of its class, with one certificate and one wildcard name, by TLS only.

    An `Ingress` of the class joins the load balancer and cannot say otherwise: who may connect, the certificate and
    the release of TLS are parameters of the class. What no rule matches is answered with 404, by an `Ingress` of the
    component's own; it makes the load balancer be there before anybody needs it, and its address known. That
    `Ingress` is really deleted on destroy, while the controller lives, or the load balancer would stay and keep the
    network from being deleted. One certificate covers one level of names: `mlflow.dev.ml.acme.example`, not
    `a.b.dev.ml.acme.example`.

    Raises:
        UserError: The whole internet is let in, and this is no `dev` environment.
    """

    def __init__(
        self,
        name: str,
        spec: AlbSpec,
        *,
        place: AwsPlace,
        cluster: ClusterOutputs,
        services: ClusterServicesOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        _refuse_everybody(name, spec, place)
        super().__init__(name, spec, opts, cluster, services)
        self._stem, self._place = name, place
        parameters = self._parameters(spec, self._certificate(spec))
        first = self._first_ingress(self._class(parameters))
        route53.Record(
            f"{name}-wildcard",
            zone_id=spec.zone_id,
            name=f"*.{spec.domain}",
            type="CNAME",
            ttl=60,
            records=[first.status.apply(_host_name)],
            opts=self.child,
        )
        self.outputs = self.promise(
            IngressOutputs(class_name=Output.from_input(CLASS), gateway=None, domain=Output.from_input(spec.domain))
        )

    def _certificate(self, spec: AlbSpec) -> Output[str]:
        """Return the ARN of the certificate once AWS has seen the proof; both names are proven by one record."""
        certificate = acm.Certificate(
            self._stem,
            domain_name=spec.domain,
            subject_alternative_names=[f"*.{spec.domain}"],
            validation_method="DNS",
            opts=self.child,
        )
        asked = certificate.domain_validation_options.apply(_proof)
        record = route53.Record(
            f"{self._stem}-proof",
            zone_id=spec.zone_id,
            name=asked["name"],
            type=asked["type"],
            ttl=60,
            records=[asked["value"]],
            opts=self.child,
        )
        proven = acm.CertificateValidation(
            self._stem, certificate_arn=certificate.arn, validation_record_fqdns=[record.fqdn], opts=self.child
        )
        return proven.certificate_arn

    def _parameters(self, spec: AlbSpec, certificate_arn: Output[str]) -> apiextensions.CustomResource:
        place = self._place
        tags = {"stackwright:environment": place.environment, "stackwright:tier": place.tier.value}
        return apiextensions.CustomResource(
            self._stem,
            api_version="elbv2.k8s.aws/v1beta1",
            kind="IngressClassParams",
            metadata={"name": CLASS},
            spec={
                "group": {"name": place.prefix},
                "scheme": "internal" if spec.internal else "internet-facing",
                "ipAddressType": "ipv4",
                "targetType": "ip",
                "inboundCIDRs": list(spec.visitors),
                "certificateArn": [certificate_arn],
                "sslPolicy": TLS_POLICY,
                "loadBalancerAttributes": _pairs(_attributes(spec, place)),
                "tags": _pairs(tags),
            },
            opts=self.child,
        )

    def _class(self, parameters: apiextensions.CustomResource) -> networking.v1.IngressClass:
        return networking.v1.IngressClass(
            self._stem,
            metadata={"name": CLASS},
            spec={
                "controller": "ingress.k8s.aws/alb",
                "parameters": {"api_group": "elbv2.k8s.aws", "kind": "IngressClassParams", "name": CLASS},
            },
            opts=self.child_with(depends_on=[parameters]),
        )

    def _first_ingress(self, ingress_class: networking.v1.IngressClass) -> networking.v1.Ingress:
        """Answer what no rule matches; its redirect to HTTPS holds for every `Ingress` of the load balancer."""
        annotations = {
            "alb.ingress.kubernetes.io/actions.not-found": json.dumps(_NOT_FOUND),
            "alb.ingress.kubernetes.io/listen-ports": json.dumps([{"HTTP": 80}, {"HTTPS": 443}]),
            "alb.ingress.kubernetes.io/ssl-redirect": "443",
        }
        return networking.v1.Ingress(
            self._stem,
            metadata={"name": "not-found", "namespace": NAMESPACE, "annotations": annotations},
            spec={
                "ingress_class_name": CLASS,
                "default_backend": {"service": {"name": "not-found", "port": {"name": "use-annotation"}}},
            },
            opts=self.child_with(depends_on=[ingress_class]),
        )


def _proof(options: Sequence[acm.outputs.CertificateDomainValidationOption] | None) -> dict[str, str]:
    """Return the record that AWS asks for; an empty one as long as an `up` leaves the certificate out."""
    if not options:
        return {"name": "", "type": "", "value": ""}
    first = cast("Any", options[0])
    return {
        "name": first.resource_record_name,
        "type": first.resource_record_type,
        "value": first.resource_record_value,
    }


def _host_name(status: networking.v1.outputs.IngressStatus | None) -> str:
    """Return the name of the load balancer; an empty one as long as an `up` leaves the cluster's objects out."""
    balancer = status.load_balancer if status else None
    found = balancer.ingress if balancer else None
    return cast("str", found[0].hostname) if found else ""


def _attributes(spec: AlbSpec, place: AwsPlace) -> dict[str, str]:
    attributes = {
        "deletion_protection.enabled": "false",
        "routing.http.desync_mitigation_mode": "defensive",
        "routing.http.drop_invalid_header_fields.enabled": "true",
    }
    if spec.access_log_bucket:
        attributes |= {
            "access_logs.s3.enabled": "true",
            "access_logs.s3.bucket": spec.access_log_bucket,
            "access_logs.s3.prefix": place.prefix,
        }
    return attributes


def _pairs(values: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _refuse_everybody(name: str, spec: AlbSpec, place: AwsPlace) -> None:
    if told := too_open(spec, place.tier):
        raise UserError(f"{name}: allowed_cidrs: `{EVERYWHERE}`: {told}")
