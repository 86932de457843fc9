"""What every database promises."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from components.base import Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output


DATABASE_LABEL = "stackwright/database"
"""Label of the namespaces whose pods a database in the cluster lets in; its value is `true`."""

DEFAULT_IMAGE = (
    "ghcr.io/cloudnative-pg/postgresql:17.9-202602261636-system-bookworm"
    "@sha256:9b98bb640afb610dab530b9afab07bdd0527df1c4e1045cf0a0c07a3db6428f4"
)
"""Source: Debian/ClusterImageCatalog-bookworm.yaml in cloudnative-pg/postgres-containers, February 2026."""


@dataclass(frozen=True, kw_only=True)
class DatabaseOutputs(Outputs):
    """What every database promises: PostgreSQL that is reached by TLS only."""

    host: Output[str]
    """Name to connect to, without the port."""
    port: Output[int]
    """Port to connect to: 5432 unless somebody chose another."""
    name: Output[str]
    """The database that is there from the start; its administrator may make others."""
    admin_secret: Output[str]
    """Secret with `username` and `password` of the administrator: its ARN in AWS Secrets Manager, or namespace and name
    of a Secret of the cluster, `database/platform-admin`. The password may rotate: a service never takes it, but gets
    a user of its own from a job that reads it once."""
    admin_secret_key_arn: Output[str | None]
    """ARN of the key that encrypts the secret, which its readers need rights on; none for AWS's own key."""
    resource_id: Output[str | None]
    """What names the database in `rds-db:connect` rights (`db-…`); none where IAM does not sign in."""
    certificates: Output[str | None]
    """Certificates (PEM) by which it proves its name; none where nobody said, as for RDS, whose are Amazon's."""


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


class CloudnativepgSpec(Spec[DatabaseOutputs]):
    """PostgreSQL in the cluster, by the operator CloudNativePG, on volumes of the cluster."""

    flavor: Literal["cloudnativepg"]
    image: str = Field(default=DEFAULT_IMAGE, pattern=r"^[a-z0-9][^\s@]*:(?P<major>1[5-9])[^\s@]*@sha256:[0-9a-f]{64}$")
    """Image by tag and digest; the operator takes the major release of PostgreSQL from the tag. Another minor release
    is rolled out server by server; another major one stops all servers, and upgrades them in place; none goes back."""
    instances: int | None = Field(default=None, ge=1, le=9)
    """Servers, on machines of their own where there are as many; by default one in `dev`, three elsewhere: one answers,
    the others follow it and take over."""
    storage_gib: int = Field(default=20, ge=1, le=65536)
    """Room of each server, in GiB. It grows where the StorageClass lets volumes grow, and never shrinks."""
    storage_class: str | None = Field(default=None, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", examples=["fast"])
    """StorageClass of its volumes; by default that of claims that name none."""
    database: str = Field(default="platform", pattern=r"^[a-z][a-z0-9_]{0,62}$")
    """Name of the first database, which is made once: changing it afterwards changes nothing but what is promised."""
    cpu_millicores: int = Field(default=500, ge=100)
    """What each server is sure to get, in thousandths of a processor."""
    memory_mib: int = Field(default=1024, ge=512)
    """Memory of each server, in MiB: what it is sure to get, and what it may use. A quarter of it are its buffers."""
    snapshot_class: str | None = Field(
        default=None, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", examples=["csi-snapshots"]
    )
    """VolumeSnapshotClass by which backups are taken. Without one nothing is backed up."""
    backup_schedule: str = Field(default="0 0 1 * * *", pattern=r"^(\S+ ){5}\S+$")
    """When backups are taken, in UTC: second, minute, hour, day, month, weekday."""

    @property
    def api_groups(self) -> tuple[str, ...]:
        """API groups that its cluster has to serve."""
        return ("postgresql.cnpg.io", *(("snapshot.storage.k8s.io",) if self.snapshot_class else ()))


_ARN = r"arn:aws[a-z-]*:secretsmanager:\S+:secret:\S+"
_IN_CLUSTER = r"[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}"


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
    """A database that is there; the administrator of `admin_secret` may make others."""
    admin_secret: str = Field(
        pattern=rf"^({_ARN}|{_IN_CLUSTER})$",
        examples=["arn:aws:secretsmanager:eu-west-1:111122223333:secret:shared-admin-AbCdEf"],
    )
    """Secret with `username` and `password` of a user who may create users and databases: its ARN in AWS Secrets
    Manager, or namespace and name of a Secret of the cluster, `storage/database-admin`."""
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
    certificates: str | None = Field(
        default=None, examples=["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]
    )
    """Certificates (PEM) by which it proves its name. Without any, connections are encrypted, but whoever answers is
    believed."""


DatabaseSpec = Annotated[RdsPostgresSpec | CloudnativepgSpec | ExistingSpec, Field(discriminator="flavor")]
"""A database of any flavor."""
