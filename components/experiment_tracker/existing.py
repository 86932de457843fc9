"""A tracker that is already there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.component import Component
from components.experiment_tracker.contract import ExistingSpec, ExperimentTrackerOutputs

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import Place
    from components.cluster.contract import ClusterOutputs
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.database.contract import DatabaseOutputs
    from components.ingress.contract import IngressOutputs
    from components.network.contract import NetworkOutputs
    from components.secrets.contract import SecretsOutputs


class ExistingExperimentTracker(Component[ExperimentTrackerOutputs]):
    """The promises of a tracker that is already there; no resources. Its owner lets projects in."""

    def __init__(
        self,
        name: str,
        spec: ExistingSpec,
        *,
        place: Place,  # noqa: ARG002
        network: NetworkOutputs | None = None,
        cluster: ClusterOutputs,
        services: ClusterServicesOutputs,
        ingress: IngressOutputs,
        database: DatabaseOutputs,
        artifact_store: ArtifactStoreOutputs,
        secrets: SecretsOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, network, cluster, services, ingress, database, artifact_store, secrets)
        self.outputs = self.promise(
            ExperimentTrackerOutputs(
                tracking_uri=Output.from_input(spec.tracking_uri),
                version=Output.from_input(spec.version),
                credentials_secret=Output.from_input(spec.credentials_secret),
            )
        )
