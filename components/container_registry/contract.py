"""What every container registry promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output

Repository = Annotated[str, Field(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64)]


class ContainerRegistrySection(Document):
    """Where an environment keeps images."""

    flavor: Literal["ecr", "existing"]
    """`ecr` in Amazon ECR, `existing` anywhere."""
    uri: str = Field(pattern=r"^[a-z0-9][a-z0-9.:-]*(/[a-z0-9._-]+)*$")
    """Registry and the part of a name that all images share, no scheme, no trailing slash."""
    encryption_key: str | None = None
    """ARN of the key that encrypts images; none where there is no such key."""


@dataclass(frozen=True, kw_only=True)
class ContainerRegistryOutputs(Outputs):
    """What every container registry promises."""

    uri: Output[str]
    """Registry and shared first part of names: `111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme-dev`."""
    encryption_key: Output[str | None]
    """ARN of the key that encrypts images, for the repositories of projects; none where there is no such key."""


class EcrSpec(Spec[ContainerRegistryOutputs]):
    """Repositories in Amazon ECR whose tags never move, and the key for those of projects."""

    flavor: Literal["ecr"] = "ecr"
    repositories: tuple[Repository, ...] = Field(default=("platform",), examples=[["platform", "training-base"]])
    """Images of the platform's own, named `<organization>-<environment>/<repository>`; removing one deletes its images.

    Projects get theirs with their own stacks.
    """
    untagged_expiration_days: int = Field(default=14, ge=1)
    """Days after which an image without a tag is removed; one with a tag never is, for a pin may name it."""
    key_deletion_days: int = Field(default=30, ge=7, le=30)
    """Days during which the deletion of the encryption key can be taken back."""


class ExistingSpec(Spec[ContainerRegistryOutputs]):
    """A registry that somebody else runs: nothing is created, nothing of it is changed."""

    flavor: Literal["existing"]
    uri: str = Field(pattern=r"^[a-z0-9][a-z0-9.:-]*(/[a-z0-9._-]+)*$", examples=["registry.acme.example/ml"])
    """Registry and shared first part of names, no scheme, no trailing slash."""
    encryption_key: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:\S+:key/\S+$",
        examples=["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    )
    """ARN of the key that encrypts it, if there is a customer key."""


ContainerRegistrySpec = Annotated[EcrSpec | ExistingSpec, Field(discriminator="flavor")]
"""A container registry of any flavor."""
