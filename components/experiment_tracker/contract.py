"""What every experiment tracker promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from components.base import Document, Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output


class ExperimentTrackerSection(Document):
    """Where an environment records runs and registers models."""

    flavor: Literal["mlflow"] = "mlflow"
    tracking_uri: str = Field(pattern=r"^(sqlite:///|https?://)\S+$")
    """`sqlite:///…` on one machine, `https://…` for a server."""
    version: str = "3.17"
    """Release of the server that a client must match (major.minor)."""
    credentials_secret: str | None = None
    """Secret with `username` and `password` of a project's jobs: its name in AWS Secrets Manager, or a Secret of the
    cluster, `kubernetes:///mlflow/mlflow-projects`; none where nobody signs in."""


@dataclass(frozen=True, kw_only=True)
class ExperimentTrackerOutputs(Outputs):
    """What every experiment tracker promises: a server and model registry of one known release."""

    tracking_uri: Output[str]
    """Address of the server, with its scheme."""
    version: Output[str]
    """Release of the server that a client must match (major.minor)."""
    credentials_secret: Output[str | None]
    """Secret with `username` and `password` that all projects share: its name in AWS Secrets Manager, or a Secret of
    the cluster, `kubernetes:///mlflow/mlflow-projects`; none where each has its own, or where nobody signs in."""


Release = Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+$")]
"""Major and minor release of a server, quoted: YAML takes `3.20` for 3.2 otherwise."""

Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$")]
Origin = Annotated[str, Field(pattern=r"^https://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$")]
Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+([/_-][A-Za-z0-9]+)*$", max_length=128)]

_EXAMPLE_IMAGE = "ghcr.io/acme/mlflow@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"


class MlflowSpec(Spec[ExperimentTrackerOutputs]):
    """MLflow in the cluster: rows in PostgreSQL, artifacts through the server, nobody without a password."""

    flavor: Literal["mlflow"] = "mlflow"
    image: str = Field(pattern=r"^[a-z0-9][^\s@]*@sha256:[0-9a-f]{64}$", examples=[_EXAMPLE_IMAGE])
    """Image by digest, with `mlflow[auth]`, `psycopg2` and `boto3`: `ghcr.io/acme/mlflow@sha256:…`. Another one
    upgrades the tables of the database before its servers start, and no release goes back."""
    version: Release = "3.17"
    """Release of MLflow in the image, quoted (major.minor): what clients must match. The upgrade of the tables fails
    where the image holds another."""
    replicas: int | None = Field(default=None, ge=1, le=20)
    """Servers, spread over zones and machines; by default one in `dev`, two elsewhere."""
    workers: int = Field(default=2, ge=1, le=32)
    """Processes of each server. Each takes 210 MiB before it does anything, and so does the one that starts them
    (MLflow 3.17)."""
    cpu_millicores: int = Field(default=500, ge=100)
    """What each server is sure to get, in thousandths of a processor; it may use twice as much."""
    memory_mib: int = Field(default=2048, ge=1024)
    """Memory of each server, in MiB: what it is sure to get, and what it may use."""
    scratch_gib: int = Field(default=5, ge=1)
    """Room of each server on its machine's disk, in GiB: an artifact lies there whole while it passes through."""
    artifact_prefix: Prefix = "mlflow"
    """Where artifacts lie in the artifact store, without slashes at the ends; the server reaches nothing else there.
    Changing it leaves what is there behind: earlier artifacts are no longer found."""
    default_permission: Literal["NO_PERMISSIONS", "READ", "EDIT"] = "READ"
    """What a person who signs in may do with experiments and models of others, unless somebody says more."""
    hosts: tuple[Host, ...] = Field(default=(), examples=[["mlflow.acme.example"]])
    """Names, with their port if they have one, that clients may call it by beside `mlflow.<domain of the ingress>`."""
    origins: tuple[Origin, ...] = Field(default=(), examples=[["https://notebooks.acme.example"]])
    """Other pages that may call it from a browser with the reader's rights."""
    database_certificates: str | None = Field(
        default=None, examples=["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"]
    )
    """Certificates (PEM) by which the database proves its name; by default those that it promises. Amazon publishes
    those of RDS for each region (docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html). Without any,
    the connection is encrypted, but whoever answers is believed."""
    secret_recovery_days: int = Field(default=30, ge=7, le=30)
    """Days during which the deletion of its secrets can be taken back, in AWS; none in `dev`."""


class ExistingSpec(Spec[ExperimentTrackerOutputs]):
    """A tracker that somebody else runs: nothing is created, nothing of it is changed."""

    flavor: Literal["existing"]
    tracking_uri: str = Field(pattern=r"^https://[^\s/]+(/\S*[^\s/])?$", examples=["https://mlflow.acme.example"])
    """Address of the server, no trailing slash."""
    version: Release = Field(examples=["3.17"])
    """Release of the server that a client must match, quoted (major.minor)."""
    credentials_secret: str | None = Field(
        default=None,
        pattern=r"^(kubernetes:///[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}|[A-Za-z0-9/_+=.@-]{1,512})$",
        examples=["acme-dev/mlflow-projects"],
    )
    """Secret with `username` and `password` that all projects share: its name in AWS Secrets Manager, or a Secret of
    the cluster, `kubernetes:///mlflow/mlflow-projects`; none where each has its own, or where nobody signs in."""


ExperimentTrackerSpec = Annotated[MlflowSpec | ExistingSpec, Field(discriminator="flavor")]
"""An experiment tracker of any flavor."""
