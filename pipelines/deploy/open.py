"""From a contract to the deployer of its environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pipelines.uris import local_path

if TYPE_CHECKING:
    from components.model_deployer.contract import KubernetesSection, ProcessSection
    from pipelines.deploy.base import Deployer
    from pipelines.project import Project
    from stacks.contract import Contract


def open_deployer(project: Project, contract: Contract) -> Deployer:
    """Return the deployer that a contract names."""
    deployer = contract.model_deployer
    if deployer.flavor == "process":
        return _on_this_machine(project, contract, deployer)
    return _in_a_cluster(project, contract, deployer)


def _on_this_machine(project: Project, contract: Contract, section: ProcessSection) -> Deployer:
    from pipelines.deploy.process import ProcessDeployer

    models = project.settings.models
    return ProcessDeployer(
        folder=local_path(section.uri),
        predictions=local_path(contract.monitoring.predictions_uri),
        commands={name: settings.serve for name, settings in models.items()},
        root=project.root,
    )


def _in_a_cluster(project: Project, contract: Contract, section: KubernetesSection) -> Deployer:
    from pipelines.cluster import open_cluster
    from pipelines.deploy.kubernetes import KubernetesDeployer
    from pipelines.deploy.kubernetes_api import Objects
    from pipelines.images.pinned import image_of

    return KubernetesDeployer(
        contract=contract,
        section=section,
        cluster=Objects(open_cluster(contract), section.namespace),
        settings=project.settings.models,
        image=lambda pin: image_of(contract, pin),
        tell=lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201 - what a job that waits shows
    )
