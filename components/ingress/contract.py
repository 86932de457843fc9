"""What every ingress promises."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from components.base import Document, Outputs, Spec, Tier

if TYPE_CHECKING:
    from pulumi import Output


class IngressSection(Document):
    """How services of a cluster are reached."""

    class_name: str
    """IngressClass of an `Ingress` that wants to be reached."""
    domain: str
    """Names below it lead here, by TLS: `dev.ml.acme.example`."""


@dataclass(frozen=True, kw_only=True)
class IngressOutputs(Outputs):
    """What every ingress promises: every name below its domain leads to it, by TLS."""

    class_name: Output[str]
    """IngressClass of an `Ingress` that wants to be reached."""
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


class AlbSpec(Spec[IngressOutputs]):
    """One AWS Application Load Balancer for all that a cluster shows, by TLS only."""

    flavor: Literal["alb"] = "alb"
    domain: str = Field(
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", max_length=64, examples=["dev.ml.acme.example"]
    )
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


IngressSpec = AlbSpec
"""An ingress of any flavor."""


def too_open(spec: IngressSpec, tier: Tier) -> str | None:
    """Say why an ingress lets too many in for its tier, or nothing."""
    if spec.internal or EVERYWHERE not in spec.allowed_cidrs or tier <= Tier.DEV:
        return None
    return f"lets the whole internet in, which `dev` alone may; {tier.value} needs the ranges of its visitors"
