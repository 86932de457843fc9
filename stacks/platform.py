"""The platform document: all that a project's stack may know of the environment that it is built in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from components.alerts.contract import AlertsSection
from components.artifact_store.contract import ArtifactStoreSection
from components.base import AwsPlace, Place
from components.cluster.contract import ClusterAbilities, ClusterSection
from components.container_registry.contract import ContainerRegistrySection
from components.experiment_tracker.contract import ExperimentTrackerSection
from components.ingress.contract import IngressSection
from components.monitoring.contract import ClusterMonitoringSection
from components.network.contract import NetworkSection
from components.node_pools.contract import NodePoolSection
from components.runners.contract import RunnersSection
from components.secrets.contract import SecretsSection
from stacks.load import validate
from stacks.shapes import of_shape
from stacks.versions import other_major

PLATFORM_VERSION = "1.1"
"""Major.minor of the document written here: additive inside a major."""


class _Platform(Place):
    """What every shape has."""

    platform_version: str = Field(default=PLATFORM_VERSION, pattern=r"^\d+\.\d+$")
    """Major.minor; a reader refuses another major."""
    promotes_from: str | None = None
    """The environment whose packages may be promoted here; none for the first one."""
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


class Platform(AwsPlace, _Platform):
    """One environment in AWS, as the stacks of its projects see it: plain values, no secret."""

    shape: Literal["aws"] = "aws"
    """Which kinds there are; `aws` where it is left out."""
    network: NetworkSection

    @property
    def place(self) -> AwsPlace:
        """Where the environment is built."""
        return AwsPlace(**{name: getattr(self, name) for name in AwsPlace.model_fields})


class KubernetesPlatform(_Platform):
    """One environment in a cluster without a cloud, as the stacks of its projects see it: plain values, no secret."""

    shape: Literal["kubernetes"]
    """Which kinds there are."""
    abilities: ClusterAbilities
    """What the cluster has for everybody: what was there, and what the stack of the environment installs."""
    monitoring: ClusterMonitoringSection

    @property
    def place(self) -> Place:
        """Where the environment is built."""
        return Place(**{name: getattr(self, name) for name in Place.model_fields})


AnyPlatform = Platform | KubernetesPlatform
"""One environment of any shape; `place` says of each where it is built."""

PLATFORMS: Mapping[str, type[AnyPlatform]] = {"aws": Platform, "kubernetes": KubernetesPlatform}
"""Shape -> what the stacks of projects see of an environment of it."""


def platform_of(value: Any, where: str) -> AnyPlatform:
    """Turn plain values into the platform document of their shape, or name every problem."""
    return validate(value, of_shape(value, PLATFORMS, where), where)


def incompatible(platform_version: str) -> str | None:
    """Say why a platform document of this version cannot be read here, or nothing."""
    return other_major("platform_version", platform_version, PLATFORM_VERSION)
