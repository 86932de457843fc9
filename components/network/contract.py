"""What every network promises."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, cast

from pydantic import AfterValidator, Field, ModelWrapValidatorHandler, Strict, ValidationError, model_validator
from pydantic_core import InitErrorDetails

from components.base import Document, Outputs, Spec
from components.network.addresses import mapping, problem, problems_of_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Output
    from pydantic_core import ErrorDetails

_ZONE = re.compile(r"[a-z]{2,6}[0-9](-[a-z]{3}[0-9])?-az[0-9]")


def _zone_id(text: str) -> str:
    if not _ZONE.fullmatch(text):
        raise ValueError("not the id of a zone; write `euc1-az1`, as `aws ec2 describe-availability-zones` lists them")
    return text


Zone = Annotated[str, AfterValidator(_zone_id)]
"""Id of an availability zone, `euc1-az1`: the same place in every account, as `eu-central-1a` is not."""

Service = Literal[
    "aps-workspaces",
    "autoscaling",
    "codebuild",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "kms",
    "logs",
    "monitoring",
    "sagemaker.api",
    "sagemaker.runtime",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "ssmmessages",
    "sts",
]
"""Part of an endpoint's service name after the region."""

Services = Annotated[
    tuple[Service, ...], Strict(strict=False), AfterValidator(lambda services: tuple(sorted(set(services))))
]
"""Services in the order of the alphabet, each once."""

PRIVATE_CLUSTER: tuple[Service, ...] = (
    "autoscaling",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "eks-auth",
    "elasticloadbalancing",
    "kms",
    "logs",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "sts",
)
"""What nodes and add-ons of a private cluster call
(docs.aws.amazon.com/eks/latest/userguide/private-clusters.html, and `secretsmanager` for database passwords)."""


def _two_zones(subnets: dict[str, str]) -> dict[str, str]:
    if len(subnets) < 2:
        raise ValueError("a cluster and a database need subnets in two zones or more; add one")
    return subnets


SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]
Ranges = Annotated[dict[Zone, str], AfterValidator(_two_zones)]
SubnetIds = Annotated[dict[Zone, SubnetId], AfterValidator(_two_zones)]


class NetworkSection(Document):
    """The network of an environment: subnets by what they reach, keyed by zone id."""

    vpc_id: str
    """`vpc-…`."""
    cidr: str
    """The addresses of the network: `10.20.0.0/16`."""
    public_subnet_ids: dict[str, str] = Field(default_factory=dict[str, str])
    """Reached from the internet, for load balancers only."""
    private_subnet_ids: dict[str, str]
    """Reach out but are not reached: where nodes, pods and runners live."""
    isolated_subnet_ids: dict[str, str]
    """Reach nothing outside of the network."""


@dataclass(frozen=True, kw_only=True)
class NetworkOutputs(Outputs):
    """What every network promises: subnets by what they reach, keyed by zone id."""

    vpc_id: Output[str]
    """`vpc-…`."""
    cidr: Output[str]
    """The addresses of the network: `10.20.0.0/16`."""
    public_subnet_ids: Mapping[str, Output[str]]
    """Reached from the internet, for load balancers only; empty in a network without an entrance."""
    private_subnet_ids: Mapping[str, Output[str]]
    """Reach out but are not reached: where nodes, pods and runners live; at least two zones."""
    isolated_subnet_ids: Mapping[str, Output[str]]
    """Reach nothing outside of the network: where databases live; at least two zones."""


_EXAMPLE_PLAN = {
    "public": {"euw1-az1": "10.20.0.0/24", "euw1-az2": "10.20.1.0/24"},
    "private": {"euw1-az1": "10.20.16.0/20", "euw1-az2": "10.20.32.0/20"},
    "isolated": {"euw1-az1": "10.20.8.0/24", "euw1-az2": "10.20.9.0/24"},
}
_EXAMPLE_IDS = {"euw1-az1": "subnet-0123456789abcdef0", "euw1-az2": "subnet-0123456789abcdef1"}


class SubnetPlan(Document):
    """The range of each subnet, by zone id; what is written here is never moved by what is added."""

    public: dict[Zone, str] = Field(default_factory=dict[str, str])
    """Subnets for load balancers and NAT gateways, each a /27 or larger; instances get no public addresses here."""
    private: Ranges
    """Subnets for nodes, pods and runners, each a /24 or larger; a /20 lets a cluster grow."""
    isolated: Ranges
    """Subnets for databases, each a /28 or larger, without a way out."""


class VpcSpec(Spec[NetworkOutputs]):
    """A VPC of the platform's own, by an explicit address plan: a new zone or tier of subnets changes no other."""

    flavor: Literal["vpc"] = "vpc"
    cidr: str = Field(examples=["10.20.0.0/16"])
    """A private range between a /16 and a /28 that overlaps no network it will be connected to: `10.20.0.0/16`.
    Changing it replaces the network and all that is in it."""
    subnets: SubnetPlan = Field(examples=[_EXAMPLE_PLAN])
    """The range of each subnet. Changing a range replaces that subnet and what lives in it; adding one does not."""
    nat_zones: Annotated[tuple[Zone, ...], Strict(strict=False)] | None = Field(default=None, examples=[["euw1-az1"]])
    """Zones that get a NAT gateway. A private subnet goes out through that of its zone, else through the first one
    listed. By default every zone with a public subnet has one, so that no zone depends on another; one zone is
    cheaper; an empty list leaves the endpoints as the only way out."""
    interface_endpoints: Services = PRIVATE_CLUSTER
    """Services of AWS that are reached without leaving the network (S3 always is); each has its price by zone."""
    flow_log_retention_days: Literal[30, 60, 90, 180, 365, 731, 1827] = 365
    """Days that the record of all connections is kept."""

    @model_validator(mode="wrap")
    @classmethod
    def _every_problem(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        found: list[InitErrorDetails] = []
        if isinstance(data, dict):
            typed = cast("dict[str, Any]", data)
            found = [*problems_of_plan(typed), *_problems_of_zones(typed)]
        try:
            spec = handler(data)
        except ValidationError as error:
            found += map(_without_key_marker, error.errors(include_url=False))
        else:
            if not found:
                return spec
        raise ValidationError.from_exception_data(cls.__name__, found)

    @property
    def zones_with_nat(self) -> tuple[str, ...]:
        """The zones that get a NAT gateway, the one that stands in for others first."""
        return tuple(sorted(self.subnets.public)) if self.nat_zones is None else self.nat_zones


def _without_key_marker(item: ErrorDetails) -> InitErrorDetails:
    path = tuple(part for part in item["loc"] if part != "[key]")
    return cast("InitErrorDetails", {**item, "loc": path})


def _problems_of_zones(data: Mapping[str, Any]) -> list[InitErrorDetails]:
    tiers = {tier: set(mapping(zones)) for tier, zones in mapping(data.get("subnets")).items()}
    public, listed = tiers.get("public", set[str]()), data.get("nat_zones")
    if isinstance(listed, list | tuple):
        found = _problems_of_nat([str(zone) for zone in cast("list[object]", listed)], public)
    else:
        homeless = sorted(tiers.get("private", set[str]()) - public) if public else []
        told = "no NAT gateway in its zone; add a public subnet there, or list nat_zones"
        found = [problem(("subnets", "private", zone), zone, told) for zone in homeless]
    regions = {zone.partition("-")[0] for zones in tiers.values() for zone in zones if _ZONE.fullmatch(zone)}
    if len(regions) > 1:
        told = "zones of several regions; a network is in one"
        found.append(problem(("subnets",), ", ".join(sorted(regions)), told))
    return found


def _problems_of_nat(listed: list[str], public: set[str]) -> list[InitErrorDetails]:
    twice = [zone for zone, times in Counter(listed).items() if times > 1]
    homeless = sorted(set(listed) - public)
    return [
        *[problem(("nat_zones",), zone, "zone is given twice") for zone in twice],
        *[
            problem(("nat_zones",), zone, "no public subnet in this zone for a NAT gateway; add one")
            for zone in homeless
        ],
    ]


class ExistingSpec(Spec[NetworkOutputs]):
    """A network that somebody else owns: nothing is created, nothing of it is changed."""

    flavor: Literal["existing"]
    vpc_id: str = Field(pattern=r"^vpc-[0-9a-f]{8,17}$", examples=["vpc-0123456789abcdef0"])
    """The VPC, with DNS support and DNS host names on."""
    cidr: str = Field(pattern=r"^[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}$", examples=["10.20.0.0/16"])
    """Its range of addresses: `10.20.0.0/16`."""
    public_subnet_ids: dict[Zone, SubnetId] = Field(default_factory=dict[str, str])
    """Subnets for load balancers, by zone id, tagged `kubernetes.io/role/elb=1`."""
    private_subnet_ids: SubnetIds = Field(examples=[_EXAMPLE_IDS])
    """Subnets for nodes, pods and runners, by zone id, tagged `kubernetes.io/role/internal-elb=1`."""
    isolated_subnet_ids: SubnetIds = Field(examples=[_EXAMPLE_IDS])
    """Subnets for databases, by zone id; name the private ones again where there are no others."""


NetworkSpec = Annotated[VpcSpec | ExistingSpec, Field(discriminator="flavor")]
"""A network of any flavor."""
