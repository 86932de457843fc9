"""What every cluster promises."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from components.base import Document, Outputs, Spec
from components.network.contract import Zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Output


class ClusterSection(Document):
    """The Kubernetes cluster of an environment."""

    name: str = Field(min_length=1, max_length=100)
    """Name by which tokens are asked for: `acme-dev`."""
    endpoint: str = Field(pattern=r"^https://[^/\s]+$")
    """Address of the API server."""
    certificate_authority: str = Field(pattern=r"^[A-Za-z0-9+/=]+$")
    """What clients trust, as base64 of PEM."""
    identifier: str
    """What stays the same as long as it is this cluster: its ARN, or the uid of its namespace `kube-system`."""
    version: str = Field(pattern=r"^1\.[0-9]+$")
    """Minor release of Kubernetes: `1.34`."""
    security_group_ids: dict[str, str] = Field(default_factory=dict[str, str])
    """Name -> security group of nodes and pods; empty where there are no such groups."""
    audience: str | None = None
    """Audience of the tokens by which jobs sign in at the API server (OIDC); none where tokens come from elsewhere."""


class ClusterAbilities(Document):
    """What a cluster has already: nothing of it is installed again."""

    api_groups: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    """API groups beside those that every cluster serves: `metrics.k8s.io`."""
    storage_classes: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    """StorageClasses, by name."""
    default_storage_class: str | None = None
    """StorageClass of claims that name none; one of `storage_classes`."""
    ingress_classes: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    """IngressClasses, by name."""
    gateway_classes: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    """GatewayClasses, by name."""
    cluster_issuers: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    """ClusterIssuers of cert-manager, by name."""
    extended_resources: Annotated[tuple[str, ...], Strict(strict=False)] = ()
    """Resources that nodes offer beside processors, memory and storage: `nvidia.com/gpu`."""

    @model_validator(mode="after")
    def _default_is_there(self) -> Self:
        if self.default_storage_class is not None and self.default_storage_class not in self.storage_classes:
            known = ", ".join(self.storage_classes) or "none"
            raise ValueError(
                f"default_storage_class: `{self.default_storage_class}` is not in storage_classes ({known})"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class ClusterOutputs(Outputs):
    """What every cluster promises: an API server that answers, and the network of its pods."""

    name: Output[str]
    """Name by which tokens are asked for: `acme-dev`."""
    endpoint: Output[str]
    """Address of the API server, with its scheme."""
    certificate_authority: Output[str]
    """What clients trust, as base64 of PEM."""
    identifier: Output[str]
    """What stays the same as long as it is this cluster, as its addresses may not: its ARN, or a uid."""
    version: Output[str]
    """Minor release of Kubernetes: `1.34`."""
    security_group_ids: Mapping[str, Output[str]]
    """Name -> security group of nodes and pods, which a database lets in; empty where there are no such groups."""
    audience: Output[str | None]
    """Audience of the tokens by which jobs sign in at the API server (OIDC); none where tokens come from elsewhere."""


Version = Literal["1.34", "1.35", "1.36"]
"""Minor releases of Kubernetes in the standard support of Amazon EKS
(docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, July 2026)."""

AddonName = Literal["eks-pod-identity-agent", "kube-proxy", "vpc-cni"]
"""Add-ons that nodes need before they come."""


def _narrow(text: str) -> str:
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise ValueError("not a range of IPv4 addresses; write it like `198.51.100.0/24`") from error
    if network.prefixlen < 8:
        raise ValueError("lets far too much of the internet in; name your own addresses")
    return text


def _two_zones(zones: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(zones)) < 2:
        raise ValueError("a control plane needs two zones or more; add one")
    return tuple(sorted(set(zones)))


RoleArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$")]
"""ARN of a role, with its path."""

_ADMINS = ["arn:aws:iam::111122223333:role/acme-dev-apply", "arn:aws:iam::111122223333:role/ops/oncall"]


class EksSpec(Spec[ClusterOutputs]):
    """A cluster of the platform's own, in Amazon EKS."""

    flavor: Literal["eks"] = "eks"
    version: Version = "1.35"
    """Minor release of Kubernetes, quoted. A higher one upgrades control plane and nodes in place, one minor release
    at a time; there is no way back. Write it down, so that the default of a newer platform upgrades nothing."""
    endpoint: Literal["private", "public"] = "private"
    """Where the API server answers: inside the network only, or to `public_cidrs` as well."""
    public_cidrs: Annotated[tuple[Annotated[str, AfterValidator(_narrow)], ...], Strict(strict=False)] = ()
    """Ranges of addresses that a public endpoint answers; required with one, and never the whole internet."""
    admin_role_arns: Annotated[tuple[RoleArn, ...], Strict(strict=False)] = Field(
        min_length=1, max_length=50, examples=[_ADMINS]
    )
    """Roles that may do everything in the cluster: the one that runs `pulumi up`, and those of people for emergencies.
    Who creates the cluster has no right by that alone."""
    zones: Annotated[tuple[Zone, ...], Strict(strict=False), AfterValidator(_two_zones)] | None = None
    """Zones of the control plane, two or more; by default all that have a private subnet when it is made. AWS takes no
    other set later, and needs none: nodes live in other zones, too."""
    addon_versions: dict[AddonName, str] = Field(
        default_factory=dict[AddonName, str], examples=[{"vpc-cni": "v1.20.4-eksbuild.2"}]
    )
    """Releases of the add-ons; by default the one that AWS holds for the best when the add-on is made."""
    log_retention_days: Literal[30, 60, 90, 180, 365, 731, 1827] = 365
    """Days that the control plane's log is kept, the audit log with it."""
    key_deletion_days: int = Field(default=30, ge=7, le=30)
    """Days during which the deletion of the encryption key can be taken back."""

    @property
    def private_only(self) -> bool:
        """Whether only who is in the network reaches the API server."""
        return self.endpoint == "private"

    @model_validator(mode="after")
    def _who_reaches_it(self) -> Self:
        if self.endpoint == "public" and not self.public_cidrs:
            raise ValueError("endpoint: `public` needs public_cidrs; list the addresses that may reach it")
        if self.private_only and self.public_cidrs:
            raise ValueError("public_cidrs: mean nothing with endpoint `private`; leave them out")
        return self


_EKS = re.compile(r"arn:aws[a-z-]*:eks:[a-z0-9-]+:[0-9]{12}:cluster/(?P<name>[A-Za-z0-9_-]+)")

_ABILITIES = {
    "api_groups": ["metrics.k8s.io"],
    "storage_classes": ["standard"],
    "default_storage_class": "standard",
    "cluster_issuers": ["letsencrypt"],
}


class ExistingSpec(Spec[ClusterOutputs]):
    """A cluster that somebody else owns, in Amazon EKS or anywhere: nothing is created, nothing of it is changed."""

    flavor: Literal["existing"]
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@:/-]{0,99}$", examples=["shared"])
    """Its name in Amazon EKS; elsewhere the context of the kubeconfig by which people reach it."""
    identifier: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,255}$",
        examples=["0f5d7a52-6f0e-4d0b-9c39-7d1f6f5c2a41"],
    )
    """What stays the same as long as it is this cluster: its ARN in Amazon EKS; elsewhere the uid of its namespace
    `kube-system`. Another one replaces all that the stack has made in it."""
    endpoint: str = Field(pattern=r"^https://[^/\s]+$", examples=["https://api.cluster.acme.example:6443"])
    """Address of its API server."""
    certificate_authority: str = Field(pattern=r"^[A-Za-z0-9+/=]+$", examples=["bm90IGEgY2VydGlmaWNhdGU="])
    """What clients trust, as base64 of PEM: `certificate-authority-data` of a kubeconfig."""
    version: Version = Field(examples=["1.35"])
    """Its minor release of Kubernetes, quoted."""
    private_only: bool = False
    """Whether only who is in the network reaches the API server."""
    security_group_ids: dict[str, Annotated[str, Field(pattern=r"^sg-[0-9a-f]{8,17}$")]] = Field(
        default_factory=dict[str, str], examples=[{"cluster": "sg-0123456789abcdef0"}]
    )
    """Name -> security group of its nodes and pods, which a database lets in; on AWS only."""
    audience: str | None = Field(default=None, pattern=r"^\S{1,256}$", examples=["stackwright-dev"])
    """Audience of the tokens of GitHub that its API server takes (OIDC); none in Amazon EKS, where roles sign in."""
    abilities: ClusterAbilities = Field(default=ClusterAbilities(), examples=[_ABILITIES])
    """What it has already; what else the platform needs is installed."""

    @model_validator(mode="after")
    def _named_by_its_arn(self) -> Self:
        found = _EKS.fullmatch(self.identifier)
        if self.identifier.startswith("arn:") and (found is None or found["name"] != self.name):
            raise ValueError(f"identifier: `{self.identifier}` is not the ARN of a cluster `{self.name}` in Amazon EKS")
        return self


ClusterSpec = Annotated[EksSpec | ExistingSpec, Field(discriminator="flavor")]
"""A cluster of any flavor; `private_only` says of each whether it is reached from inside the network only."""
