"""What a person writes for one environment, in AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from components.alerts.contract import SnsSpec
from components.artifact_store import contract as artifact_store
from components.base import AwsPlace
from components.budget.contract import BudgetSpec
from components.cluster.contract import ClusterSpec
from components.container_registry.contract import ContainerRegistrySpec
from components.database import contract as database
from components.experiment_tracker.contract import ExperimentTrackerSpec
from components.ingress.contract import EVERYWHERE, AlbSpec, too_open
from components.network.addresses import problem, zone_prefix
from components.network.contract import NetworkSpec, VpcSpec
from components.node_pools.contract import (
    SYSTEM,
    EksManagedSpec,
    PoolName,
    default_system_pool,
    system_pool_problem,
)
from components.runners import contract as runners
from components.secrets.contract import AwsSecretsManagerSpec
from stacks.environment.every import Environment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import InitErrorDetails


ArtifactStoreSpec = Annotated[artifact_store.S3Spec | artifact_store.ExistingSpec, Field(discriminator="flavor")]
DatabaseSpec = Annotated[database.RdsPostgresSpec | database.ExistingSpec, Field(discriminator="flavor")]
RunnersSpec = Annotated[
    runners.HostedSpec | runners.CodebuildSpec | runners.ExistingSpec, Field(discriminator="flavor")
]

TIERS = ("public", "private", "isolated")
"""Kinds of subnets, by what they reach."""


class EnvironmentSpec(AwsPlace, Environment):
    """The platform of one environment, in an AWS account."""

    foreign: ClassVar[str] = "is not in the shape `aws`"
    shape: Literal["aws"] = "aws"
    """Which kinds there are; `aws` where it is left out."""
    network: NetworkSpec
    """Where everything else of the environment lives."""
    runners: RunnersSpec
    """Where jobs run that reach the environment, `pulumi up` among them."""
    cluster: ClusterSpec
    """Where pods run."""
    node_pools: dict[PoolName, EksManagedSpec] = Field(default_factory=dict[str, EksManagedSpec])
    """Machines for pods, by the name of the pool. A pool `system` is there without being written."""
    ingress: AlbSpec
    """How services of the cluster are reached."""
    artifact_store: ArtifactStoreSpec
    """Where packages and data are kept."""
    container_registry: ContainerRegistrySpec
    """Where images are kept."""
    database: DatabaseSpec
    """Where services keep their tables."""
    experiment_tracker: ExperimentTrackerSpec
    """Where runs are recorded and models registered."""
    secrets: AwsSecretsManagerSpec
    """Where secret values are kept; the spec holds only their names."""
    alerts: SnsSpec
    """Who is told."""
    budget: BudgetSpec | None = None
    """What the account may cost; one environment of an account is enough."""

    @field_validator("network")
    @classmethod
    def _zones_of_the_region(cls, network: NetworkSpec, info: ValidationInfo) -> NetworkSpec:
        region = info.data.get("region")
        if region:
            told = f"not a zone of {region}; they begin with `{zone_prefix(region)}`"
            _refuse(
                problem(path, path[-1], told)
                for path in _zones(network)
                if path[-1].partition("-")[0] != zone_prefix(region)
            )
        return network

    @field_validator("cluster")
    @classmethod
    def _reached_by_its_runners(cls, cluster: ClusterSpec, info: ValidationInfo) -> ClusterSpec:
        runners = info.data.get("runners")
        if runners and getattr(cluster, "private_only", False) and not getattr(runners, "inside", True):
            told = f"`{runners.flavor}` runners are outside of the network; choose runners inside, or `public`"
            _refuse([problem(("endpoint",), "private", told)])
        _refuse(_zones_without_subnet((), getattr(cluster, "zones", None), info))
        return cluster

    @field_validator("node_pools")
    @classmethod
    def _pools_fit(cls, pools: dict[str, EksManagedSpec], info: ValidationInfo) -> dict[str, EksManagedSpec]:
        system = pools.get(SYSTEM)
        told = system_pool_problem(system) if system else None
        found = [problem((SYSTEM,), SYSTEM, told)] if told else []
        for name, pool in pools.items():
            found += _zones_without_subnet((name,), getattr(pool, "zones", None), info)
        _refuse(found)
        return pools

    @field_validator("ingress")
    @classmethod
    def _not_for_everybody(cls, ingress: AlbSpec, info: ValidationInfo) -> AlbSpec:
        tier = info.data.get("tier")
        if tier and (told := too_open(ingress, tier)):
            _refuse([problem(("allowed_cidrs",), EVERYWHERE, told)])
        return ingress

    @property
    def place(self) -> AwsPlace:
        """Where the environment is built."""
        return AwsPlace(**{name: getattr(self, name) for name in AwsPlace.model_fields})

    @property
    def pools(self) -> dict[str, EksManagedSpec]:
        """Every pool by its name, the one that nobody wrote included."""
        return dict(sorted({SYSTEM: default_system_pool(), **self.node_pools}.items()))


def _refuse(problems: Iterable[InitErrorDetails]) -> None:
    found = list(problems)
    if found:
        raise ValidationError.from_exception_data("EnvironmentSpec", found)


def _zones(network: NetworkSpec) -> list[tuple[str, ...]]:
    """Return the path of every zone that a network names."""
    if isinstance(network, VpcSpec):
        tiers = {("subnets", tier): ranges for tier, ranges in network.subnets}
    else:
        tiers = {(f"{tier}_subnet_ids",): getattr(network, f"{tier}_subnet_ids", {}) for tier in TIERS}
    return [(*path, zone) for path, ranges in tiers.items() for zone in sorted(ranges)]


def _zones_without_subnet(
    path: tuple[str, ...], zones: Iterable[str] | None, info: ValidationInfo
) -> list[InitErrorDetails]:
    network = info.data.get("network")
    private = {found[-1] for found in _zones(network) if found[-2].startswith("private")} if network else set[str]()
    told = f"the network has no private subnet there; choose from {', '.join(sorted(private))}"
    return [problem((*path, "zones"), zone, told) for zone in zones or () if private and zone not in private]
