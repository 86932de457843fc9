"""What every secrets flavor promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, Strict

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output

SecretName = Annotated[str, Field(pattern=r"^[a-z0-9]+([/_-][a-z0-9]+)*$", max_length=128)]


class SecretsSection(Document):
    """Where an environment keeps secret values; never a value itself."""

    flavor: Literal["aws_secrets_manager", "kubernetes"]
    prefix: str = Field(pattern=r"^[a-z0-9-]+/$")
    """First part of the names of all secrets, with its slash: `acme-dev/`; in a cluster their namespace."""
    encryption_key: str | None = None
    """ARN of the key that encrypts them, which readers need rights on."""


@dataclass(frozen=True, kw_only=True)
class SecretsOutputs(Outputs):
    """What every secrets flavor promises."""

    prefix: Output[str]
    """First part of the names of all secrets, with its slash: `acme-dev/`; in a cluster their namespace."""
    encryption_key: Output[str | None]
    """ARN of the key that encrypts them, which readers need rights on; none where there is no such key."""


class AwsSecretsManagerSpec(Spec[SecretsOutputs]):
    """Secrets in AWS Secrets Manager: places for values, which people and rotations put there."""

    flavor: Literal["aws_secrets_manager"] = "aws_secrets_manager"
    names: tuple[SecretName, ...] = Field(default=(), examples=[["github/app-key"]])
    """Secrets that exist from the start, empty, named `<organization>-<environment>/<name>`."""
    recovery_days: int = Field(default=30, ge=7, le=30)
    """Days during which a deletion can be taken back; none in `dev`, where the same name must be free at once."""
    key_deletion_days: int = Field(default=30, ge=7, le=30)
    """Days during which the deletion of the encryption key can be taken back."""


NAMESPACE = "stackwright-secrets"
"""Namespace of the secrets that are kept in a cluster."""

ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=63)]


class KubernetesSpec(Spec[SecretsOutputs]):
    """Secrets in the cluster itself: places for values, which people and rotations put there."""

    flavor: Literal["kubernetes"]
    names: Annotated[tuple[ObjectName, ...], Strict(strict=False)] = Field(default=(), examples=[["github-app-key"]])
    """Secrets that exist from the start, empty, in the namespace `stackwright-secrets`."""


SecretsSpec = Annotated[AwsSecretsManagerSpec | KubernetesSpec, Field(discriminator="flavor")]
"""Secrets of any flavor."""
