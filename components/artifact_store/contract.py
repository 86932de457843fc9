"""What every artifact store promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output


class ArtifactStoreSection(Document):
    """Where an environment keeps packages."""

    flavor: Literal["folder", "s3"]
    """`folder` on one machine, `s3` in Amazon S3 or anything that speaks its protocol."""
    uri: str = Field(pattern=r"^(file:///|s3://)\S+[^/]$")
    """Root with scheme, no trailing slash: `s3://acme-dev-artifacts`."""
    encryption_key: str | None = None
    """ARN of the key that encrypts it, which readers and writers need rights on; none where there is no such key."""
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/\s]+$")
    """Address of its S3 API: `https://s3.dev.ml.acme.example`; none for Amazon's, and for a folder."""
    endpoint_inside: str | None = Field(default=None, pattern=r"^https?://[^/\s]+$")
    """Address of its S3 API for pods of the cluster; none for Amazon's, and for a folder."""
    region: str | None = None
    """Region that requests to `endpoint` are signed for; none without one."""
    users_namespace: str | None = Field(default=None, pattern=r"^[a-z0-9-]+$")
    """Namespace where jobs make users of the store; none where there is none to make."""
    credentials_secret: str | None = Field(default=None, pattern=r"^[a-z0-9-]+/[a-z0-9.-]+$")
    """Secret of the cluster, by namespace and name, with keys that all share; none where each has its own."""


@dataclass(frozen=True, kw_only=True)
class ArtifactStoreOutputs(Outputs):
    """What every artifact store promises."""

    uri: Output[str]
    """Root with scheme, no trailing slash: `s3://acme-dev-artifacts-111122223333`."""
    encryption_key: Output[str | None]
    """ARN of the key that encrypts it, which readers and writers need rights on; none where there is no such key."""
    endpoint: Output[str | None]
    """Address of its S3 API: `https://s3.dev.ml.acme.example`; none for Amazon's."""
    endpoint_inside: Output[str | None]
    """Address of its S3 API for pods of the cluster; none for Amazon's."""
    region: Output[str | None]
    """Region that requests to `endpoint` are signed for; none without one."""
    users_namespace: str | None
    """Namespace where jobs make users of the store; none where there is none to make. Plain, for it decides what
    `storage_user` makes."""
    credentials_secret: str | None
    """Secret of the cluster, by namespace and name, with keys that all share; none where each has its own. Plain, for
    it decides what `storage_user` makes."""


DEFAULT_REGION = "us-east-1"
"""Region that S3 APIs elsewhere take requests for, unless they say another."""


class S3Spec(Spec[ArtifactStoreOutputs]):
    """A private, versioned, encrypted bucket of the platform's own."""

    flavor: Literal["s3"] = "s3"
    noncurrent_expiration_days: int = Field(default=90, ge=1)
    """Days that a superseded object version is kept: how long an overwritten or deleted object can be recovered."""
    abort_incomplete_upload_days: int = Field(default=7, ge=1)
    """Days after which the parts of an upload that never finished are removed."""
    access_log_days: int = Field(default=365, ge=1)
    """Days that the record of who asked for what is kept."""
    key_deletion_days: int = Field(default=30, ge=7, le=30)
    """Days during which the deletion of the encryption key can be taken back."""


class SeaweedfsSpec(Spec[ArtifactStoreOutputs]):
    """A bucket in a SeaweedFS of the platform's own, on volumes of the cluster."""

    flavor: Literal["seaweedfs"]
    storage_gib: int = Field(default=100, ge=10, le=65536)
    """Room of each volume server for objects, in GiB. From `staging` on there are two servers, and each object is on
    both. Changing it is refused for a store that is there: its claims are grown by hand, as the README says."""
    metadata_gib: int = Field(default=10, ge=2, le=1024)
    """Room for names, versions and users, in GiB: about 1 GiB for a million objects."""
    storage_class: str | None = Field(default=None, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", examples=["fast"])
    """StorageClass of its volumes; by default that of claims that name none. Another one is for new claims only."""
    cpu_millicores: int = Field(default=250, ge=100)
    """What each of its pods is sure to get, in thousandths of a processor."""
    memory_mib: int = Field(default=1024, ge=512)
    """Memory of the pod that answers requests and of each volume server, in MiB: what it is sure to get, and what it
    may use."""


class ExistingSpec(Spec[ArtifactStoreOutputs]):
    """A bucket that somebody else owns: nothing is created, nothing of it is changed."""

    flavor: Literal["existing"]
    uri: str = Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*[^/\s])?$", examples=["s3://shared-data/ml"])
    """Root with scheme, no trailing slash; a prefix in a bucket will do: `s3://shared-data/churn`."""
    encryption_key: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:\S+:key/\S+$",
        examples=["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    )
    """ARN of the key that encrypts the bucket, if there is a customer key: deployers get rights on it."""
    endpoint: str | None = Field(default=None, pattern=r"^https://[^/\s]+$", examples=["https://s3.acme.example"])
    """Address of the S3 API that holds the bucket; none for Amazon's, with identities of the account."""
    region: str | None = Field(default=None, pattern=r"^[a-z0-9-]+$", examples=["us-east-1"])
    """Region that requests to `endpoint` are signed for: `us-east-1` unless its owner says another."""
    credentials_secret: str | None = Field(
        default=None, pattern=r"^[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}$", examples=["storage/shared"]
    )
    """Secret of the cluster, by namespace and name, with `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`: keys to the
    bucket at `endpoint`, which the tracker and all projects share, for nobody here can make narrower ones there."""

    @model_validator(mode="after")
    def _keys_to_the_endpoint(self) -> Self:
        if bool(self.endpoint) != bool(self.credentials_secret):
            raise ValueError("endpoint and credentials_secret belong together; write both, or none of them")
        if self.region and not self.endpoint:
            raise ValueError("region means nothing without endpoint; leave it out")
        return self


ArtifactStoreSpec = Annotated[S3Spec | SeaweedfsSpec | ExistingSpec, Field(discriminator="flavor")]
"""An artifact store of any flavor."""
