"""The platform document: all that a project's stack may know of the environment that it is built in."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from components.alerts.contract import AlertsSection
from components.artifact_store.contract import ArtifactStoreSection
from components.base import AwsPlace
from components.cluster.contract import ClusterSection
from components.container_registry.contract import ContainerRegistrySection
from components.experiment_tracker.contract import ExperimentTrackerSection
from components.ingress.contract import IngressSection
from components.network.contract import NetworkSection
from components.node_pools.contract import NodePoolSection
from components.runners.contract import RunnersSection
from components.secrets.contract import SecretsSection
from stacks.versions import other_major

PLATFORM_VERSION = "1.0"
"""Major.minor of the document written here: additive inside a major."""


class Platform(AwsPlace):
    """One environment, as the stacks of its projects see it: plain values, no secret."""

    platform_version: str = Field(default=PLATFORM_VERSION, pattern=r"^\d+\.\d+$")
    """Major.minor; a reader refuses another major."""
    promotes_from: str | None = None
    """The environment whose packages may be promoted here; none for the first one."""
    network: NetworkSection
    runners: RunnersSection
    cluster: ClusterSection
    node_pools: dict[str, NodePoolSection]
    """Name -> how pods choose the pool."""
    ingress: IngressSection
    artifact_store: ArtifactStoreSection
    container_registry: ContainerRegistrySection
    experiment_tracker: ExperimentTrackerSection
    secrets: SecretsSection
    alerts: AlertsSection

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.promotes_from == self.environment:
            raise ValueError("an environment cannot promote from itself")
        return self

    @property
    def place(self) -> AwsPlace:
        """Where the environment is built."""
        return AwsPlace(**{name: getattr(self, name) for name in AwsPlace.model_fields})


def incompatible(platform_version: str) -> str | None:
    """Say why a platform document of this version cannot be read here, or nothing."""
    return other_major("platform_version", platform_version, PLATFORM_VERSION)
