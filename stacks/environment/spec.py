"""What a person writes for one environment."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from components.alerts.contract import AlertsSpec
from components.artifact_store.contract import ArtifactStoreSpec
from components.base import AwsPlace
from components.budget.contract import BudgetSpec
from components.container_registry.contract import ContainerRegistrySpec
from components.database.contract import DatabaseSpec
from components.network.contract import NetworkSpec
from components.secrets.contract import SecretsSpec


class EnvironmentSpec(AwsPlace):
    """The platform of one environment."""

    promotes_from: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=12)
    """The environment whose packages may be promoted here; none for the first one."""
    network: NetworkSpec
    """Where everything else of the environment lives."""
    artifact_store: ArtifactStoreSpec
    """Where packages and data are kept."""
    container_registry: ContainerRegistrySpec
    """Where images are kept."""
    database: DatabaseSpec
    """Where services keep their tables."""
    secrets: SecretsSpec
    """Where secret values are kept; the spec holds only their names."""
    alerts: AlertsSpec
    """Who is told."""
    budget: BudgetSpec | None = None
    """What the account may cost; one environment of an account is enough."""

    @model_validator(mode="after")
    def _not_itself(self) -> Self:
        if self.promotes_from == self.environment:
            raise ValueError("an environment cannot promote from itself")
        return self

    @property
    def place(self) -> AwsPlace:
        """Where the environment is built."""
        return AwsPlace(**{name: getattr(self, name) for name in AwsPlace.model_fields})
