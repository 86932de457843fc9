"""The tracker in AWS: secrets in Secrets Manager, an AWS identity for each role of pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi import Output
from pulumi_aws import secretsmanager
from pulumi_kubernetes import core

from components.experiment_tracker import rights
from components.experiment_tracker.ground import Ground, Role
from components.experiment_tracker.pods import NAME
from components.pod_identity import pod_identity

if TYPE_CHECKING:
    from pulumi import Resource

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import AwsPlace, OutputsT
    from components.cluster.contract import ClusterOutputs
    from components.component import Component
    from components.database.contract import DatabaseOutputs
    from components.experiment_tracker.contract import MlflowSpec
    from components.network.contract import NetworkOutputs
    from components.secrets.contract import SecretsOutputs

_IDENTITY_AGENT = "169.254.170.23"


def on_aws(
    owner: Component[OutputsT],
    stem: str,
    spec: MlflowSpec,
    place: AwsPlace,
    namespace: Resource,
    *,
    network: NetworkOutputs,
    cluster: ClusterOutputs,
    database: DatabaseOutputs,
    artifact_store: ArtifactStoreOutputs,
    secrets: SecretsOutputs,
) -> Ground:
    """Make secrets and identities; pods get credentials from the agent of Pod Identity on their node."""

    def secret(name: str) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            f"{stem}-{name}",
            name=Output.concat(secrets.prefix, name),
            description=f"Filled once by the setup of {NAME} of {place.environment}",
            kms_key_id=secrets.encryption_key,
            recovery_window_in_days=0 if place.disposable else spec.secret_recovery_days,
            opts=owner.data(protect=not place.disposable),
        )

    def role(name: str, statements: list[dict[str, Any]]) -> Role:
        account = core.v1.ServiceAccount(
            f"{stem}-{name}",
            metadata={"name": f"{NAME}-{name}", "namespace": NAME},
            automount_service_account_token=False,
            opts=owner.child_with(depends_on=[namespace]),
        )
        _, association = pod_identity(
            owner,
            f"{stem}-{name}",
            place,
            cluster,
            namespace=NAME,
            service_account=f"{NAME}-{name}",
            statements=statements,
        )
        region = {"AWS_REGION": place.region, "AWS_DEFAULT_REGION": place.region}
        return Role(variables=region, needed=[account, association])

    own, shared = secret(NAME), secret(f"{NAME}-projects")
    setup = rights.of_the_setup(database, [own.arn, shared.arn], secrets.encryption_key)
    server = rights.of_the_server(place, artifact_store, spec.artifact_prefix, own.arn, secrets.encryption_key)
    return Ground(
        secret=own.arn,
        secret_at_server=own.arn,
        projects_secret=shared.arn,
        admin_secret=database.admin_secret,
        credentials_secret=shared.name,
        setup=role("setup", setup),
        server=role("server", server),
        callers=[{"ip_block": {"cidr": network.cidr}}],
        egress=[
            {"to": [{"ip_block": {"cidr": f"{_IDENTITY_AGENT}/32"}}], "ports": [{"protocol": "TCP", "port": 80}]},
            {"ports": [{"protocol": "TCP", "port": port} for port in (database.port, 443)]},
        ],
    )
