"""Every flavor, one line each; its module is imported when it is built, not before."""

from __future__ import annotations

import importlib
from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, get_args

from components.alerts import contract as alerts
from components.artifact_store import contract as artifact_store
from components.base import OutputsT, Spec
from components.budget import contract as budget
from components.ci_identity import contract as ci_identity
from components.container_registry import contract as container_registry
from components.database import contract as database
from components.errors import UserError
from components.network import contract as network
from components.secrets import contract as secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.component import Component

AnySpec = type[Spec[Any]]

OURS: Mapping[AnySpec, str] = {
    alerts.SnsSpec: "components.alerts.sns:SnsAlerts",
    artifact_store.ExistingSpec: "components.artifact_store.existing:ExistingArtifactStore",
    artifact_store.S3Spec: "components.artifact_store.s3:S3ArtifactStore",
    budget.AwsBudgetSpec: "components.budget.aws_budget:AwsBudget",
    ci_identity.GithubSpec: "components.ci_identity.github:GithubCiIdentity",
    container_registry.EcrSpec: "components.container_registry.ecr:EcrContainerRegistry",
    container_registry.ExistingSpec: "components.container_registry.existing:ExistingContainerRegistry",
    database.ExistingSpec: "components.database.existing:ExistingDatabase",
    database.RdsPostgresSpec: "components.database.rds_postgres:RdsPostgresDatabase",
    network.ExistingSpec: "components.network.existing:ExistingNetwork",
    network.VpcSpec: "components.network.vpc:VpcNetwork",
    secrets.AwsSecretsManagerSpec: "components.secrets.aws_secrets_manager:AwsSecretsManagerSecrets",
}
"""Spec of a flavor -> the component that is built from it."""

GROUP = "stackwright.flavors"
"""Entry points of other packages, each naming a mapping like `OURS`."""

EXTRAS = {"pulumi": "aws", "pulumi_aws": "aws", "pulumi_kubernetes": "aws"}
"""Package of a provider -> the extra of ours that installs it."""


@cache
def flavors() -> Mapping[AnySpec, str]:
    """Return every flavor, those of other installed packages included."""
    rows = dict(OURS)
    for entry in entry_points(group=GROUP):
        rows |= entry.load()
    return rows


def kind_of(spec: AnySpec) -> str:
    """Return the kind of a spec: the folder of its contract."""
    return spec.__module__.split(".")[-2]


def flavor_of(spec: AnySpec) -> str:
    """Return the tag of a spec."""
    return get_args(spec.model_fields["flavor"].annotation)[0]


def component_class(spec: AnySpec) -> type[Component[Any]]:
    """Import the component of a spec, or say in one line what to install."""
    row = flavors().get(spec)
    if not row:
        raise UserError(f"{kind_of(spec)}: `{flavor_of(spec)}` is in no catalogue; join by an entry point in `{GROUP}`")
    module, _, name = row.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        if package not in EXTRAS:
            raise
        told = f"{kind_of(spec)}: `{flavor_of(spec)}` needs {package}; install `stackwright[{EXTRAS[package]}]`"
        raise UserError(told) from error


def build(name: str, spec: Spec[OutputsT], **needs: Any) -> Component[OutputsT]:
    """Build the component of a spec; `needs` are its keyword arguments: outputs, `place`, `opts`."""
    return component_class(type(spec))(name, spec, **needs)
