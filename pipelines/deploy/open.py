"""From a contract to the deployer of its environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.uris import local_path

if TYPE_CHECKING:
    from pipelines.deploy.base import Deployer
    from pipelines.project import Project
    from stacks.contract import Contract


def open_deployer(project: Project, contract: Contract) -> Deployer:
    """Return the deployer that a contract names."""
    deployer = contract.model_deployer
    if deployer.flavor != "process":
        told = f"`{deployer.flavor}`: this release cannot deploy to it, nor tell what it serves"
        raise UserError(f"stack/{contract.environment}.json: model_deployer.flavor: {told}")
    from pipelines.deploy.process import ProcessDeployer

    models = project.settings.models
    return ProcessDeployer(
        folder=local_path(deployer.uri),
        predictions=local_path(contract.monitoring.predictions_uri),
        commands={name: settings.serve for name, settings in models.items()},
        root=project.root,
    )
