"""What an environment's stack exports for the stacks of its projects."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

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
from components.recording import record
from components.runners.contract import RunnersOutputs
from components.secrets.contract import SecretsOutputs
from stacks.environment.export import kubernetes_platform_output, platform_output
from stacks.outputs import outputs_of
from stacks.platform import platform_of
from tests.harness.environments import ENVIRONMENTS, FOLDER, SHAPES, spec_of

KINDS: dict[str, type[Outputs]] = {
    "runners": RunnersOutputs,
    "cluster": ClusterOutputs,
    "ingress": IngressOutputs,
    "artifact_store": ArtifactStoreOutputs,
    "container_registry": ContainerRegistryOutputs,
    "experiment_tracker": ExperimentTrackerOutputs,
    "secrets": SecretsOutputs,
    "alerts": AlertsOutputs,
}
"""Kinds of every shape."""
ONLY: dict[str, dict[str, type[Outputs]]] = {
    "aws": {"network": NetworkOutputs},
    "kubernetes": {"monitoring": MonitoringOutputs},
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_exported_is_the_platform_document(shape: str, environment: str) -> None:
    """A document that becomes what components promise, and is exported, is the same document."""
    spec: Any = spec_of(shape, environment)
    written = json.loads((FOLDER / shape / "projects" / "platform" / f"{environment}.json").read_text())
    known = platform_of(written, environment)
    export: Any = {"aws": platform_output, "kubernetes": kubernetes_platform_output}[shape]

    def program() -> None:
        kinds = {name: outputs_of(getattr(known, name), kind) for name, kind in (KINDS | ONLY[shape]).items()}
        pools = {name: outputs_of(pool, NodePoolOutputs) for name, pool in known.node_pools.items()}
        pulumi.export("platform", export(spec, node_pools=pools, **kinds))

    (stack,) = [item for item in record(program) if item.type == "pulumi:pulumi:Stack"]
    assert known == platform_of(stack.outputs["platform"], "exported")
