"""The contract: all that a project may know of the stack behind one environment."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from components.alerts.contract import AlertsSection
from components.artifact_store.contract import ArtifactStoreSection
from components.base import Document, Tier
from components.container_registry.contract import ContainerRegistrySection
from components.experiment_tracker.contract import ExperimentTrackerSection
from components.model_deployer.contract import ModelDeployerSection
from components.monitoring.contract import MonitoringSection
from components.node_pools.contract import NodePoolSection
from stacks.versions import other_major

CONTRACT_VERSION = "1.2"
"""Major.minor of the document written here: additive inside a major."""


class SigningKey(Document):
    """The key with which an environment attests packages."""

    public_key: str = Field(pattern=r"^-----BEGIN PUBLIC KEY-----\n")
    """PEM of the public half (ECDSA P-256)."""
    private_key_uri: str | None = Field(
        default=None, pattern=r"^((file:///|awskms:///arn:)\S+|kubernetes:///[a-z0-9-]+/[a-z0-9.-]+#[A-Za-z0-9._-]+)$"
    )
    """Where the private half is, never the key itself: `file:///…` on a laptop, `awskms:///arn:…` for a key that does
    not leave AWS KMS, `kubernetes:///<namespace>/<secret>#<key>` for PEM in a Secret of the cluster."""


class DataRemote(Document):
    """The DVC remote of an environment."""

    uri: str = Field(pattern=r"^(file:///|s3://)\S+[^/]$")


class Roles(Document):
    """As whom jobs of a project act in an environment; ARNs."""

    deploy: str = Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$")
    """For the jobs that deploy here, those of this environment."""
    plan: str = Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$")
    """For the jobs of pull requests; reads only."""
    promotion: str | None = Field(default=None, pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/\S+$")
    """For the jobs that deploy to the environments that promote from this one: they read this one's packages by it;
    none where nothing promotes from here."""


class Contract(Document):
    """One environment, as a project sees it; holds no secret."""

    contract_version: str = Field(default=CONTRACT_VERSION, pattern=r"^\d+\.\d+$")
    """Major.minor; a reader refuses another major."""
    project: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    environment: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    tier: Tier
    promotes_from: str | None = None
    """The environment whose packages may be promoted here; none for the first one."""
    account: str | None = Field(default=None, pattern=r"^[0-9]{12}$")
    """AWS account of the environment; none without AWS."""
    region: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")
    """AWS region of the environment; none without AWS."""
    runs_on: str = "local"
    """Label of the runners from which this environment can be reached."""
    roles: Roles | None = None
    """As whom the project's jobs act in AWS; none without it: a cluster knows them by their tokens."""
    artifact_store: ArtifactStoreSection
    """What the project keeps is below its own name: `<uri>/<project>/`."""
    container_registry: ContainerRegistrySection | None = None
    """The project's own repository of images; none where nothing runs images."""
    experiment_tracker: ExperimentTrackerSection
    model_deployer: ModelDeployerSection
    node_pools: dict[str, NodePoolSection] = Field(default_factory=dict[str, NodePoolSection])
    """Name -> how the project's pods choose the pool; empty where there is no cluster."""
    monitoring: MonitoringSection
    data_remote: DataRemote
    data_sets: dict[str, str] = Field(default_factory=dict[str, str])
    """Name -> address of data of others that the project may read."""
    alerts: AlertsSection | None = None
    """Where the project's monitors publish; none where nobody is told."""
    signing_key: SigningKey

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.promotes_from == self.environment:
            raise ValueError("an environment cannot promote from itself")
        return self


def incompatible(contract_version: str) -> str | None:
    """Say why a contract of this version cannot be read here, or nothing."""
    return other_major("contract_version", contract_version, CONTRACT_VERSION)
