"""What a person writes for one environment, in a cluster that is there already."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from components.alerts.contract import WebhookSpec
from components.artifact_store import contract as artifact_store
from components.base import Place
from components.charts import charts
from components.cluster.contract import ClusterAbilities
from components.cluster.contract import ExistingSpec as ClusterSpec
from components.cluster_services.contract import KubernetesServicesSpec, kubernetes_services_spec
from components.container_registry.contract import ExistingSpec as ContainerRegistrySpec
from components.database import contract as database
from components.experiment_tracker.contract import ExperimentTrackerSpec
from components.ingress import contract as ingress
from components.monitoring.contract import CHART, MonitoringSpec
from components.node_pools.contract import ExistingSpec as NodePoolSpec
from components.node_pools.contract import PoolName
from components.runners import contract as runners
from components.secrets.contract import KubernetesSpec as SecretsSpec
from stacks.environment.every import Environment

ArtifactStoreSpec = Annotated[artifact_store.SeaweedfsSpec | artifact_store.ExistingSpec, Field(discriminator="flavor")]
DatabaseSpec = Annotated[database.CloudnativepgSpec | database.ExistingSpec, Field(discriminator="flavor")]
IngressSpec = Annotated[ingress.GatewaySpec | ingress.ExistingSpec, Field(discriminator="flavor")]
RunnersSpec = Annotated[runners.ArcSpec | runners.HostedSpec | runners.ExistingSpec, Field(discriminator="flavor")]

IN_CLUSTER = (
    "runners",
    "secrets",
    "ingress",
    "artifact_store",
    "database",
    "experiment_tracker",
    "monitoring",
    "alerts",
)
"""Kinds that say what API groups they need."""


class KubernetesEnvironmentSpec(Environment):
    """The platform of one environment, in any conformant cluster, without a cloud account."""

    foreign: ClassVar[str] = "needs a cloud account"
    shape: Literal["kubernetes"]
    """Which kinds there are."""
    cluster: ClusterSpec
    """Where everything of the environment runs, and what is there already; nobody else has an environment there."""
    node_pools: dict[PoolName, NodePoolSpec] = Field(default_factory=dict[str, NodePoolSpec])
    """Machines that pods choose, by the name of the pool; those with GPUs have to be here. What chooses none runs
    wherever there is room."""
    runners: RunnersSpec
    """Where jobs run that reach the environment, `pulumi up` among them."""
    secrets: SecretsSpec = SecretsSpec(flavor="kubernetes")
    """Where secret values are kept; the spec holds only their names."""
    ingress: IngressSpec
    """How services of the cluster are reached."""
    artifact_store: ArtifactStoreSpec
    """Where packages and data are kept."""
    container_registry: ContainerRegistrySpec
    """Where images are kept."""
    database: DatabaseSpec
    """Where services keep their tables."""
    experiment_tracker: ExperimentTrackerSpec
    """Where runs are recorded and models registered."""
    monitoring: MonitoringSpec = MonitoringSpec()
    """What watches served models."""
    alerts: WebhookSpec
    """Who is told."""

    @property
    def place(self) -> Place:
        """Where the environment is built."""
        return Place(**{name: getattr(self, name) for name in Place.model_fields})

    @property
    def services(self) -> KubernetesServicesSpec:
        """What the cluster lacks of all that the environment uses."""
        uses = [getattr(self, kind) for kind in IN_CLUSTER]
        return kubernetes_services_spec(self.cluster.abilities, self.node_pools, uses)

    @property
    def abilities(self) -> ClusterAbilities:
        """What the cluster has once the environment is there: for the stacks of projects."""
        had, installed = self.cluster.abilities, [charts()[name] for name in (*self.services.charts, CHART)]
        more = {
            name: tuple(
                sorted({*getattr(had, name), *(found for chart in installed for found in getattr(chart, name))})
            )
            for name in ("api_groups", "ingress_classes", "extended_resources")
        }
        return had.model_copy(update=more)
