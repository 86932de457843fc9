"""What an environment's stack tells those of its projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components.base import AwsPlace
from stacks.outputs import values_of
from stacks.platform import PLATFORM_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.alerts.contract import AlertsOutputs
    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.cluster.contract import ClusterOutputs
    from components.container_registry.contract import ContainerRegistryOutputs
    from components.experiment_tracker.contract import ExperimentTrackerOutputs
    from components.ingress.contract import IngressOutputs
    from components.network.contract import NetworkOutputs
    from components.node_pools.contract import NodePoolOutputs
    from components.runners.contract import RunnersOutputs
    from components.secrets.contract import SecretsOutputs
    from stacks.environment.spec import EnvironmentSpec


def platform_output(
    spec: EnvironmentSpec,
    *,
    network: NetworkOutputs,
    runners: RunnersOutputs,
    cluster: ClusterOutputs,
    node_pools: Mapping[str, NodePoolOutputs],
    ingress: IngressOutputs,
    artifact_store: ArtifactStoreOutputs,
    container_registry: ContainerRegistryOutputs,
    experiment_tracker: ExperimentTrackerOutputs,
    secrets: SecretsOutputs,
    alerts: AlertsOutputs,
) -> pulumi.Output[dict[str, Any]]:
    """Return the platform document of an environment, for its stack to export."""
    return pulumi.Output.from_input(
        {
            "platform_version": PLATFORM_VERSION,
            **spec.model_dump(mode="json", include=set(AwsPlace.model_fields)),
            "promotes_from": spec.promotes_from,
            "network": values_of(network),
            "runners": values_of(runners),
            "cluster": values_of(cluster),
            "node_pools": {name: values_of(pool) for name, pool in node_pools.items()},
            "ingress": values_of(ingress),
            "artifact_store": {"flavor": "s3", **values_of(artifact_store)},
            "container_registry": {"flavor": spec.container_registry.flavor, **values_of(container_registry)},
            "experiment_tracker": {"flavor": "mlflow", **values_of(experiment_tracker)},
            "secrets": {"flavor": "aws_secrets_manager", **values_of(secrets)},
            "alerts": {"flavor": "sns", **values_of(alerts)},
        }
    )
