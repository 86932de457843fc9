"""What an environment's stack tells those of its projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components.base import AwsPlace, Place
from stacks.outputs import values_of
from stacks.platform import PLATFORM_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.alerts.contract import AlertsOutputs
    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import Outputs
    from components.cluster.contract import ClusterOutputs
    from components.container_registry.contract import ContainerRegistryOutputs
    from components.experiment_tracker.contract import ExperimentTrackerOutputs
    from components.ingress.contract import IngressOutputs
    from components.monitoring.contract import MonitoringOutputs
    from components.network.contract import NetworkOutputs
    from components.node_pools.contract import NodePoolOutputs
    from components.runners.contract import RunnersOutputs
    from components.secrets.contract import SecretsOutputs
    from stacks.environment.config import AnyEnvironmentSpec
    from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec
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
    """Return the platform document of an environment in AWS, for its stack to export."""
    return _document(
        spec,
        AwsPlace,
        node_pools,
        {
            "network": network,
            "runners": runners,
            "cluster": cluster,
            "ingress": ingress,
            "artifact_store": artifact_store,
            "container_registry": container_registry,
            "experiment_tracker": experiment_tracker,
            "secrets": secrets,
            "alerts": alerts,
        },
    )


def kubernetes_platform_output(
    spec: KubernetesEnvironmentSpec,
    *,
    runners: RunnersOutputs,
    cluster: ClusterOutputs,
    node_pools: Mapping[str, NodePoolOutputs],
    ingress: IngressOutputs,
    artifact_store: ArtifactStoreOutputs,
    container_registry: ContainerRegistryOutputs,
    experiment_tracker: ExperimentTrackerOutputs,
    monitoring: MonitoringOutputs,
    secrets: SecretsOutputs,
    alerts: AlertsOutputs,
) -> pulumi.Output[dict[str, Any]]:
    """Return the platform document of an environment without a cloud, for its stack to export."""
    return _document(
        spec,
        Place,
        node_pools,
        {
            "runners": runners,
            "cluster": cluster,
            "ingress": ingress,
            "artifact_store": artifact_store,
            "container_registry": container_registry,
            "experiment_tracker": experiment_tracker,
            "monitoring": monitoring,
            "secrets": secrets,
            "alerts": alerts,
        },
        abilities=spec.abilities.model_dump(mode="json"),
    )


_FLAVORS = {
    "aws": {"secrets": "aws_secrets_manager", "alerts": "sns"},
    "kubernetes": {"secrets": "kubernetes", "alerts": "webhook"},
}
"""Shape -> kind -> what clients take it for, whichever flavor was built."""


def _document(
    spec: AnyEnvironmentSpec,
    place: type[Place],
    node_pools: Mapping[str, NodePoolOutputs],
    kinds: Mapping[str, Outputs],
    **more: Any,
) -> pulumi.Output[dict[str, Any]]:
    flavors = {
        "artifact_store": "s3",
        "container_registry": spec.container_registry.flavor,
        "experiment_tracker": "mlflow",
        **_FLAVORS[spec.shape],
    }
    tags = {kind: {"flavor": flavor} for kind, flavor in flavors.items()}
    return pulumi.Output.from_input(
        {
            "platform_version": PLATFORM_VERSION,
            "shape": spec.shape,
            **spec.model_dump(mode="json", include=set(place.model_fields)),
            "promotes_from": spec.promotes_from,
            "node_pools": {name: values_of(pool) for name, pool in node_pools.items()},
            **{kind: {**tags.get(kind, {}), **values_of(outputs)} for kind, outputs in kinds.items()},
            **more,
        }
    )
