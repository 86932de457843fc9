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
from components.cluster import contract as cluster
from components.cluster_services import contract as cluster_services
from components.container_registry import contract as container_registry
from components.database import contract as database
from components.errors import UserError
from components.experiment_tracker import contract as experiment_tracker
from components.ingress import contract as ingress
from components.model_deployer import contract as model_deployer
from components.monitoring import contract as monitoring
from components.network import contract as network
from components.node_pools import contract as node_pools
from components.runners import contract as runners
from components.secrets import contract as secrets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.metadata import EntryPoint

    from components.component import Component

AnySpec = type[Spec[Any]]

OURS: Mapping[AnySpec, str] = {
    alerts.SnsSpec: "components.alerts.sns:SnsAlerts",
    alerts.WebhookSpec: "components.alerts.webhook:WebhookAlerts",
    artifact_store.ExistingSpec: "components.artifact_store.existing:ExistingArtifactStore",
    artifact_store.S3Spec: "components.artifact_store.s3:S3ArtifactStore",
    artifact_store.SeaweedfsSpec: "components.artifact_store.seaweedfs:SeaweedfsArtifactStore",
    budget.AwsBudgetSpec: "components.budget.aws_budget:AwsBudget",
    ci_identity.ApiServerSpec: "components.ci_identity.api_server:ApiServerCiIdentity",
    ci_identity.GithubSpec: "components.ci_identity.github:GithubCiIdentity",
    cluster.EksSpec: "components.cluster.eks:EksCluster",
    cluster.ExistingSpec: "components.cluster.existing:ExistingCluster",
    cluster_services.EksServicesSpec: "components.cluster_services.eks:EksClusterServices",
    cluster_services.KubernetesServicesSpec: "components.cluster_services.kubernetes:KubernetesClusterServices",
    container_registry.EcrSpec: "components.container_registry.ecr:EcrContainerRegistry",
    container_registry.ExistingSpec: "components.container_registry.existing:ExistingContainerRegistry",
    database.CloudnativepgSpec: "components.database.cloudnativepg:CloudnativepgDatabase",
    database.ExistingSpec: "components.database.existing:ExistingDatabase",
    database.RdsPostgresSpec: "components.database.rds_postgres:RdsPostgresDatabase",
    experiment_tracker.ExistingSpec: "components.experiment_tracker.existing:ExistingExperimentTracker",
    experiment_tracker.MlflowSpec: "components.experiment_tracker.mlflow:MlflowExperimentTracker",
    model_deployer.KubernetesSpec: "components.model_deployer.kubernetes:KubernetesModelDeployer",
    ingress.AlbSpec: "components.ingress.alb:AlbIngress",
    ingress.ExistingSpec: "components.ingress.existing:ExistingIngress",
    ingress.GatewaySpec: "components.ingress.gateway:GatewayIngress",
    monitoring.PrometheusSpec: "components.monitoring.prometheus:PrometheusMonitoring",
    network.ExistingSpec: "components.network.existing:ExistingNetwork",
    network.VpcSpec: "components.network.vpc:VpcNetwork",
    node_pools.EksManagedSpec: "components.node_pools.eks_managed:EksManagedNodePool",
    node_pools.ExistingSpec: "components.node_pools.existing:ExistingNodePool",
    runners.ArcSpec: "components.runners.arc:ArcRunners",
    runners.CodebuildSpec: "components.runners.codebuild:CodebuildRunners",
    runners.ExistingSpec: "components.runners.existing:ExistingRunners",
    runners.HostedSpec: "components.runners.hosted:HostedRunners",
    secrets.AwsSecretsManagerSpec: "components.secrets.aws_secrets_manager:AwsSecretsManagerSecrets",
    secrets.KubernetesSpec: "components.secrets.kubernetes:KubernetesSecrets",
}
"""Spec of a flavor -> the component that is built from it."""

GROUP = "stackwright.flavors"
"""Entry points of other packages, each naming a mapping like `OURS`."""

EXTRAS = {
    "pulumi": "aws",
    "pulumi_aws": "aws",
    "pulumi_kubernetes": "aws",
    "pulumi_random": "kubernetes",
    "pulumi_tls": "kubernetes",
}
"""Package of a provider -> the extra of ours that installs it."""


@cache
def flavors() -> Mapping[AnySpec, str]:
    """Return every flavor, those of other installed packages included.

    Raises:
        UserError: A package that joins cannot be loaded, or takes the name of another flavor.
    """
    rows = dict(OURS)
    for entry in entry_points(group=GROUP):
        rows |= _joined(entry, {(kind_of(spec), flavor_of(spec)): row for spec, row in rows.items()})
    return rows


def _joined(entry: EntryPoint, taken: Mapping[tuple[str, str], str]) -> Mapping[AnySpec, str]:
    try:
        rows: Mapping[AnySpec, str] = entry.load()
    except (ImportError, AttributeError) as error:
        raise UserError(f"{GROUP}: `{entry.name}` cannot be loaded: {error}; repair or remove that package") from error
    tags = {(kind_of(spec), flavor_of(spec)) for spec in rows} & taken.keys()
    if tags:
        told = "is a flavor already, of {}; give yours another name"
        raise UserError(f"{GROUP}: {entry.name}: {kind}: `{tag}` {told.format(taken[kind, tag])}" for kind, tag in tags)
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
