from __future__ import annotations

from dataclasses import fields

import pytest
from pydantic import BaseModel

from components.alerts.contract import AlertsOutputs, AlertsSection
from components.artifact_store.contract import ArtifactStoreOutputs, ArtifactStoreSection
from components.base import Outputs
from components.cluster.contract import ClusterOutputs, ClusterSection
from components.cluster_services.contract import ClusterServicesOutputs, ClusterServicesSection
from components.container_registry.contract import ContainerRegistryOutputs, ContainerRegistrySection
from components.experiment_tracker.contract import ExperimentTrackerOutputs, ExperimentTrackerSection
from components.ingress.contract import IngressOutputs, IngressSection
from components.model_deployer.contract import KubernetesSection, ModelDeployerOutputs
from components.monitoring.contract import ClusterMonitoringSection, MonitoringOutputs
from components.network.contract import NetworkOutputs, NetworkSection
from components.node_pools.contract import NodePoolOutputs, NodePoolSection
from components.runners.contract import RunnersOutputs, RunnersSection
from components.secrets.contract import SecretsOutputs, SecretsSection

PAIRS = [
    (AlertsSection, AlertsOutputs),
    (ArtifactStoreSection, ArtifactStoreOutputs),
    (ClusterSection, ClusterOutputs),
    (ClusterServicesSection, ClusterServicesOutputs),
    (ContainerRegistrySection, ContainerRegistryOutputs),
    (ExperimentTrackerSection, ExperimentTrackerOutputs),
    (ClusterMonitoringSection, MonitoringOutputs),
    (IngressSection, IngressOutputs),
    (KubernetesSection, ModelDeployerOutputs),
    (NetworkSection, NetworkOutputs),
    (NodePoolSection, NodePoolOutputs),
    (RunnersSection, RunnersOutputs),
    (SecretsSection, SecretsOutputs),
]

ADDED: dict[type[BaseModel], set[str]] = {KubernetesSection: {"storage_secret", "promotion_secret"}}
"""What the stack of a project adds to a section, of its own."""


@pytest.mark.parametrize(("section", "outputs"), PAIRS, ids=lambda side: side.__name__)
def test_a_project_gets_what_the_stack_promises(section: type[BaseModel], outputs: type[Outputs]) -> None:
    """The section of the contract has the fields of the outputs, beside `flavor` there and `ready` here."""
    assert set(section.model_fields) - {"flavor"} - ADDED.get(section, set()) == {
        field.name for field in fields(outputs)
    } - {"ready"}
