"""What every artifact store promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

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


@dataclass(frozen=True, kw_only=True)
class ArtifactStoreOutputs(Outputs):
    """What every artifact store promises."""

    uri: Output[str]
    """Root with scheme, no trailing slash: `s3://acme-dev-artifacts-111122223333`."""
    encryption_key: Output[str | None]
    """ARN of the key that encrypts it, which readers and writers need rights on; none where there is no such key."""


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


ArtifactStoreSpec = Annotated[S3Spec | ExistingSpec, Field(discriminator="flavor")]
"""An artifact store of any flavor."""
