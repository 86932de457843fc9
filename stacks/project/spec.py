"""What a person writes for one project in one environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, model_validator

from components.base import Document, Outputs, Spec
from components.ci_identity.contract import CiIdentitySpec, EnvironmentName
from components.model_deployer.contract import KubernetesSpec, ModelDeployerSpec
from components.monitoring.contract import Thresholds

if TYPE_CHECKING:
    from pulumi import Output

ProjectName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]
DataSetName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*([_-][a-z0-9]+)*$", max_length=64)]


class DataSet(Document):
    """Data that the project reads and does not own: what another project publishes, or a bucket of anybody."""

    published_by: ProjectName | None = Field(default=None, examples=["ledger"])
    """Project of the same environment that keeps it below `<project>/published/<name of the data set>/` in the
    artifact store: to put it there is to publish it."""
    uri: str | None = Field(
        default=None,
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*[^/\s])?$",
        examples=["s3://acme-warehouse/customers"],
    )
    """Where it is, no trailing slash; its owner has to let this account in, too."""
    encryption_key: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:kms:\S+:key/\S+$")
    """ARN of the key that encrypts `uri`, if there is a customer key."""

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.published_by is None) == (self.uri is None):
            raise ValueError("needs one of published_by and uri")
        if self.encryption_key and not self.uri:
            raise ValueError("encryption_key goes with uri; the key of the artifact store is known")
        return self


@dataclass(frozen=True, kw_only=True)
class ProjectOutputs(Outputs):
    """What belongs to one project in one environment."""

    image_repository: Output[str]
    """Address of its images, without a tag."""
    signing_key_uri: Output[str]
    """Where the private half of the key is by which the environment attests packages."""
    signing_public_key: Output[str]
    """PEM of the public half."""
    credentials_secret: Output[str | None]
    """Name of the secret with which its jobs sign in to the experiment tracker."""
    storage_secret: Output[str | None]
    """Secret with which its jobs reach the artifact store; none where their role does."""
    promotion_secret: Output[str | None]
    """Secret with which the jobs that promote from here read packages; none where their role does, or nobody is."""


class ProjectSpec(Spec[ProjectOutputs]):
    """One project in one environment."""

    project: ProjectName
    """Name of the project, as it was scaffolded: names of resources and addresses hold it."""
    environment: EnvironmentName
    """The environment, as its platform document is called: `platform/<environment>.json` beside this file."""
    ci_identity: CiIdentitySpec
    """The repository whose jobs act for the project."""
    reads: dict[DataSetName, DataSet] = Field(default_factory=dict[str, DataSet], max_length=30)
    """Data of others that the project's jobs may read, by the name that the project calls it."""
    model_deployer: ModelDeployerSpec = KubernetesSpec()
    """Where the project's models run, and how much they may take."""
    monitoring: Thresholds | None = Field(default=None, examples=[{"latency_ms": 200}])
    """When people are told of the project's served models; only where the environment has Prometheus, and there the
    defaults hold for what is left out."""
