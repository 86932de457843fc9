"""What an environment's stack exports for the stacks of its projects."""

from __future__ import annotations

import json
from pathlib import Path

import pulumi
import pytest

from components.alerts.contract import AlertsOutputs
from components.artifact_store.contract import ArtifactStoreOutputs
from components.cluster.contract import ClusterOutputs
from components.container_registry.contract import ContainerRegistryOutputs
from components.experiment_tracker.contract import ExperimentTrackerOutputs
from components.ingress.contract import IngressOutputs
from components.network.contract import NetworkOutputs
from components.node_pools.contract import NodePoolOutputs
from components.recording import record
from components.runners.contract import RunnersOutputs
from components.secrets.contract import SecretsOutputs
from stacks.environment.config import read_stack_file
from stacks.environment.export import platform_output
from stacks.load import validate
from stacks.outputs import outputs_of
from stacks.platform import Platform

EXAMPLES = Path(__file__).parents[3] / "stacks" / "examples" / "aws"


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_what_is_exported_is_the_platform_document(environment: str) -> None:
    """A document that becomes what components promise, and is exported, is the same document."""
    spec = read_stack_file(EXAMPLES / f"Pulumi.{environment}.yaml")
    written = json.loads((EXAMPLES / "projects" / "platform" / f"{environment}.json").read_text())
    known = validate(written, Platform, environment)

    def program() -> None:
        found = platform_output(
            spec,
            network=outputs_of(known.network, NetworkOutputs),
            runners=outputs_of(known.runners, RunnersOutputs),
            cluster=outputs_of(known.cluster, ClusterOutputs),
            node_pools={name: outputs_of(pool, NodePoolOutputs) for name, pool in known.node_pools.items()},
            ingress=outputs_of(known.ingress, IngressOutputs),
            artifact_store=outputs_of(known.artifact_store, ArtifactStoreOutputs),
            container_registry=outputs_of(known.container_registry, ContainerRegistryOutputs),
            experiment_tracker=outputs_of(known.experiment_tracker, ExperimentTrackerOutputs),
            secrets=outputs_of(known.secrets, SecretsOutputs),
            alerts=outputs_of(known.alerts, AlertsOutputs),
        )
        pulumi.export("platform", found)

    (stack,) = [item for item in record(program) if item.type == "pulumi:pulumi:Stack"]
    assert known == validate(stack.outputs["platform"], Platform, "exported")
