"""The contract: all that a project may know of the stack behind one environment."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from components.artifact_store.contract import ArtifactStoreSection
from components.base import Document, Tier
from components.experiment_tracker.contract import ExperimentTrackerSection
from components.model_deployer.contract import ModelDeployerSection
from components.monitoring.contract import MonitoringSection

CONTRACT_VERSION = "1.0"
"""Major.minor of the document written here: additive inside a major."""


class SigningKey(Document):
    """The key with which an environment attests packages."""

    public_key: str = Field(pattern=r"^-----BEGIN PUBLIC KEY-----\n")
    """PEM of the public half (ECDSA P-256)."""
    private_key_uri: str | None = Field(default=None, pattern=r"^file:///\S+$")
    """File of the private half: on a laptop only; never the key itself."""


class DataRemote(Document):
    """The DVC remote of an environment."""

    uri: str = Field(pattern=r"^(file:///|s3://)\S+[^/]$")


class Contract(Document):
    """One environment, as a project sees it; holds no secret."""

    contract_version: str = Field(default=CONTRACT_VERSION, pattern=r"^\d+\.\d+$")
    """Major.minor; a reader refuses another major."""
    project: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    environment: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    tier: Tier
    promotes_from: str | None = None
    """The environment whose packages may be promoted here; none for the first one."""
    runs_on: str = "local"
    """Label of the runners from which this environment can be reached."""
    artifact_store: ArtifactStoreSection
    experiment_tracker: ExperimentTrackerSection
    model_deployer: ModelDeployerSection
    monitoring: MonitoringSection
    data_remote: DataRemote
    signing_key: SigningKey

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.promotes_from == self.environment:
            raise ValueError("an environment cannot promote from itself")
        return self


def incompatible(contract_version: str) -> str | None:
    """Say why a contract of this version cannot be read here, or nothing."""
    ours, theirs = CONTRACT_VERSION.split(".")[0], contract_version.split(".")[0]
    if ours == theirs or not theirs.isdecimal():
        return None
    old = "platform revision in .stackwright.yaml" if int(theirs) > int(ours) else "stack"
    return f"contract_version: `{contract_version}` is another major; this release reads {ours}.x; update the {old}"
