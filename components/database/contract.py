"""What every database promises."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from components.base import Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output


@dataclass(frozen=True, kw_only=True)
class DatabaseOutputs(Outputs):
    """What every database promises: PostgreSQL that is reached by TLS only."""

    host: Output[str]
    """Name to connect to, without the port."""
    port: Output[int]
    """Port to connect to: 5432 unless somebody chose another."""
    name: Output[str]
    """The database that is there from the start; its administrator may make others."""
    admin_secret_arn: Output[str]
    """Secret with `username` and `password` of the administrator. The password rotates by itself: a service never
    takes it, but gets a user of its own from a job that reads it once."""
    admin_secret_key_arn: Output[str | None]
    """ARN of the key that encrypts the secret, which its readers need rights on; none for AWS's own key."""
    resource_id: Output[str | None]
    """What names the database in `rds-db:connect` rights (`db-…`); none where IAM does not sign in."""


class RdsPostgresSpec(Spec[DatabaseOutputs]):
    """PostgreSQL in Amazon RDS, in subnets without a way out."""

    flavor: Literal["rds_postgres"] = "rds_postgres"
    major_version: Literal["15", "16", "17", "18"] = "17"
    """Major release of PostgreSQL, quoted; minor releases install themselves in the maintenance window. A higher one
    upgrades in place, with minutes of downtime, once `major_upgrade_allowed` is set; a lower one is refused by AWS."""
    major_upgrade_allowed: bool = False
    """Whether a higher `major_version` may upgrade the database."""
    instance_class: str = Field(default="db.t4g.medium", pattern=r"^db\.[a-z0-9-]+\.[a-z0-9]+$")
    """Type of the machine; changing it restarts the database in the maintenance window."""
    storage_gib: int = Field(default=20, ge=20, le=65536)
    """Size at the start, in GiB."""
    max_storage_gib: int = Field(default=200, ge=22, le=65536)
    """Size up to which it grows by itself, in GiB; at least a tenth above `storage_gib`."""
    database: str = Field(default="platform", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    """Name of the first database. Changing it replaces the instance and loses the data."""
    backup_days: int = Field(default=7, ge=7, le=35)
    """Days to any second of which the database can be restored."""
    maintenance_window: str = Field(default="sun:03:00-sun:04:00", pattern=r"^[a-z]{3}:\d\d:\d\d-[a-z]{3}:\d\d:\d\d$")
    """Half an hour or more, in UTC, outside of `backup_window`."""
    backup_window: str = Field(default="01:00-02:00", pattern=r"^\d\d:\d\d-\d\d:\d\d$")
    """Half an hour or more, in UTC, of every day."""
    key_deletion_days: int = Field(default=30, ge=7, le=30)
    """Days during which the deletion of the encryption key can be taken back."""

    @field_validator("max_storage_gib")
    @classmethod
    def _room_to_grow(cls, value: int, info: ValidationInfo) -> int:
        least = math.ceil(info.data.get("storage_gib", 0) * 11 / 10)
        if value < least:
            raise ValueError(f"less than a tenth above storage_gib; at least {least}")
        return value


class ExistingSpec(Spec[DatabaseOutputs]):
    """A PostgreSQL that somebody else owns, and lets the platform's clients in: nothing of it is changed."""

    flavor: Literal["existing"]
    host: str = Field(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        examples=["shared.abcdefghijkl.eu-west-1.rds.amazonaws.com"],
    )
    """Name to connect to, without the port."""
    port: int = Field(default=5432, ge=1, le=65535)
    """Port to connect to."""
    database: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["platform"])
    """A database that is there; the administrator of `admin_secret_arn` may make others."""
    admin_secret_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:secretsmanager:\S+:secret:\S+$",
        examples=["arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared-admin-AbCdEf"],
    )
    """Secret with `username` and `password` of a user who may create users and databases."""
    admin_secret_key_arn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:\S+:key/\S+$",
        examples=["arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    )
    """ARN of the key that encrypts the secret, if there is a customer key."""
    resource_id: str | None = Field(
        default=None, pattern=r"^(db|cluster)-[A-Z0-9]+$", examples=["db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    )
    """What names it in `rds-db:connect` rights, if IAM authentication is on."""


DatabaseSpec = Annotated[RdsPostgresSpec | ExistingSpec, Field(discriminator="flavor")]
"""A database of any flavor."""
