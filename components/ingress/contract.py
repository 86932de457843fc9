"""What every ingress promises."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from components.base import Document, Outputs, Spec, Tier

if TYPE_CHECKING:
    from pulumi import Output


ROUTES_LABEL = "stackwright/routes"
"""Label of the namespaces whose routes the gateway takes; its value is `true`."""

GATEWAY_NAMESPACE = "envoy-gateway-system"
"""Where Envoy Gateway and its proxies run, from whose pods requests come."""


class IngressSection(Document):
    """How services of a cluster are reached: by an `Ingress` of a class, or by an `HTTPRoute` of a gateway."""

    class_name: str | None = None
    """IngressClass of an `Ingress` that wants to be reached; none where a gateway is."""
    gateway: str | None = Field(default=None, pattern=r"^[a-z0-9.-]+/[a-z0-9.-]+$")
    """`<namespace>/<name>` of the Gateway that an `HTTPRoute` attaches to; none where a class is."""
    domain: str
    """Names below it lead here, by TLS: `dev.ml.acme.example`."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.class_name is None) == (self.gateway is None):
            raise ValueError("class_name and gateway: exactly one of them says how services are reached")
        return self


@dataclass(frozen=True, kw_only=True)
class IngressOutputs(Outputs):
    """What every ingress promises: every name below its domain leads to it, by TLS."""

    class_name: Output[str] | None
    """IngressClass of an `Ingress` that wants to be reached; none where there is a gateway."""
    gateway: Output[str] | None
    """`<namespace>/<name>` of the Gateway that an `HTTPRoute` attaches to; none where there is a class."""
    domain: Output[str]
    """Names below it lead here: `dev.ml.acme.example`."""


def _range(text: str) -> str:
    try:
        ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError(
            "not a range of IPv4 addresses; write `10.0.0.0/8`, with no bit set after its length"
        ) from error
    return text


Ranges = Annotated[tuple[Annotated[str, AfterValidator(_range)], ...], Strict(strict=False)]

PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Addresses that no machine of the internet has (RFC 1918)."""

EVERYWHERE = "0.0.0.0/0"

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy
(docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html)."""


Domain = Annotated[
    str,
    Field(pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=64),
]
"""Name of which all names below it are served."""

GATEWAY_API, CERTIFICATES, ENVOY = "gateway.networking.k8s.io", "cert-manager.io", "gateway.envoyproxy.io"
"""API groups of the Gateway API, of cert-manager, and of Envoy Gateway."""


class AlbSpec(Spec[IngressOutputs]):
    """One AWS Application Load Balancer for all that a cluster shows, by TLS only."""

    flavor: Literal["alb"] = "alb"
    domain: Domain = Field(examples=["dev.ml.acme.example"])
    """Every name below it leads to the cluster: `dev.ml.acme.example`. Another one replaces certificate and records,
    and all addresses that people know."""
    zone_id: str = Field(pattern=r"^Z[A-Z0-9]{1,31}$", examples=["Z0123456789ABCDEFGHIJ"])
    """Public hosted zone in Route 53 that holds the domain, in the account of the environment. AWS looks there for the
    proof that the domain is yours, for an internal load balancer, too."""
    internal: bool = True
    """Whether only the network and what is connected to it reach the load balancer. Changing it replaces the load
    balancer: names lead nowhere for some minutes."""
    allowed_cidrs: Ranges = Field(default=(), examples=[["10.0.0.0/8"]])
    """Ranges of addresses that may connect. By default all private ones reach an internal load balancer; a public one
    needs its visitors' ranges, and the whole internet, `0.0.0.0/0`, is let in by `dev` only."""
    access_log_bucket: str | None = Field(
        default=None, pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", examples=["acme-dev-load-balancer-logs"]
    )
    """Bucket that gets a line for each request, encrypted with a key of S3 and open to the service that writes logs
    (docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html); none by default."""

    @model_validator(mode="after")
    def _visitors(self) -> Self:
        if not self.internal and not self.allowed_cidrs:
            raise ValueError("a public load balancer needs allowed_cidrs; add the ranges of its visitors")
        return self

    @property
    def visitors(self) -> tuple[str, ...]:
        """The ranges of addresses that may connect."""
        return self.allowed_cidrs or PRIVATE_RANGES


class GatewaySpec(Spec[IngressOutputs]):
    """One Gateway for all that a cluster shows, by TLS, with a certificate that cert-manager renews."""

    flavor: Literal["gateway"]
    one_of: ClassVar[tuple[str, ...]] = ("issuer", "self_signed")
    domain: Domain = Field(examples=["dev.ml.acme.example"])
    """Every name below it leads to the cluster: `dev.ml.acme.example`. Whoever owns the domain makes the record
    `*.<domain>`, which leads to the address of the Gateway."""
    issuer: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$", examples=["letsencrypt"])
    """ClusterIssuer of the cluster that signs the certificate, for a wildcard name."""
    self_signed: Literal[True] | None = None
    """Instead of an issuer, a certificate authority of the Gateway's own, which no browser trusts: in `dev` only."""
    gateway_class: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$", examples=["cilium"])
    """GatewayClass that the cluster has; by default one of Envoy Gateway is made, which the platform installs."""
    annotations: dict[str, str] = Field(
        default_factory=dict[str, str], max_length=16, examples=[{"metallb.io/address-pool": "internal"}]
    )
    """What the Service of the Gateway says to the load balancer of the cluster."""

    @property
    def api_groups(self) -> tuple[str, ...]:
        """API groups that its cluster has to serve."""
        return (CERTIFICATES, GATEWAY_API, *(() if self.gateway_class else (ENVOY,)))


class ExistingSpec(Spec[IngressOutputs]):
    """A way into the cluster that somebody else owns: a class of Ingresses, or a Gateway; nothing is created.

    TLS for all names below the domain is its owner's matter.
    """

    flavor: Literal["existing"]
    one_of: ClassVar[tuple[str, ...]] = ("class_name", "gateway")
    domain: Domain = Field(examples=["dev.ml.acme.example"])
    """Every name below it leads to the cluster: `dev.ml.acme.example`."""
    class_name: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9.-]{0,252}$", examples=["nginx"])
    """IngressClass whose controller serves every name below the domain by TLS."""
    gateway: str | None = Field(
        default=None, pattern=r"^[a-z0-9-]{1,63}/[a-z0-9][a-z0-9.-]{0,252}$", examples=["networking/shared"]
    )
    """`<namespace>/<name>` of a Gateway that takes routes of namespaces with the label `stackwright/routes: "true"`."""

    @property
    def api_groups(self) -> tuple[str, ...]:
        """API groups that its cluster has to serve."""
        return (GATEWAY_API,) if self.gateway else ()


IngressSpec = Annotated[AlbSpec | GatewaySpec | ExistingSpec, Field(discriminator="flavor")]
"""An ingress of any flavor."""


def self_signed_problem(spec: IngressSpec, tier: Tier) -> str | None:
    """Say why a certificate that no browser trusts will not do for a tier, or nothing."""
    if not isinstance(spec, GatewaySpec) or not spec.self_signed or tier <= Tier.DEV:
        return None
    return f"no browser trusts it, so `dev` alone may; {tier.value} needs an issuer of its cluster"


def too_open(spec: IngressSpec, tier: Tier) -> str | None:
    """Say why an ingress lets too many in for its tier, or nothing."""
    if not isinstance(spec, AlbSpec) or spec.internal or EVERYWHERE not in spec.allowed_cidrs or tier <= Tier.DEV:
        return None
    return f"lets the whole internet in, which `dev` alone may; {tier.value} needs the ranges of its visitors"
