"""A project's namespace, recorded: in AWS, and in a cluster without a cloud."""

from __future__ import annotations

from functools import cache
from typing import Any

from pulumi import Output, ResourceOptions

from components.artifact_store.contract import ArtifactStoreOutputs, ArtifactStoreSection
from components.base import Place, Tier
from components.ci_identity.contract import CiIdentityOutputs
from components.cluster.contract import ClusterOutputs
from components.conformance.standins import stand_in
from components.container_registry.contract import ContainerRegistryOutputs
from components.ingress.contract import IngressOutputs, IngressSection
from components.model_deployer.contract import KubernetesSpec
from components.model_deployer.kubernetes import KubernetesModelDeployer
from components.network.contract import NetworkOutputs
from stacks.outputs import outputs_of
from tests.harness.recorded import PLACES, Recorded, deploy

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/projects/churn"
DOMAIN = "dev.ml.acme.example"
STORE = "http://seaweedfs-s3.seaweedfs.svc:8333"
PLACE = Place(organization="acme", environment="dev", tier=Tier.DEV)


@cache
def deployed(
    spec: KubernetesSpec | None = None, name: str = "churn", uri: str = "s3://acme", key: str | None = KEY
) -> Recorded:
    """Record a namespace of a project in AWS."""
    store = ArtifactStoreSection(flavor="s3", uri=uri, encryption_key=key)

    def program(opts: ResourceOptions) -> None:
        _deployer(
            name,
            spec or KubernetesSpec(),
            place=PLACES[Tier.DEV],
            network=stand_in(NetworkOutputs, "network"),
            artifact_store=outputs_of(store, ArtifactStoreOutputs),
            ingress=IngressSection(class_name="alb", domain=DOMAIN),
            opts=opts,
        )

    return deploy(program)


@cache
def deployed_anywhere(name: str = "churn", *, endpoint: str = STORE, class_name: str | None = None) -> Recorded:
    """Record a namespace of a project in a cluster without a cloud, by a gateway unless a class is given."""
    store = ArtifactStoreSection(
        flavor="s3", uri="s3://acme", endpoint=endpoint, endpoint_inside=endpoint, users_namespace="seaweedfs"
    )
    gateway = None if class_name else "gateway/main"

    def program(opts: ResourceOptions) -> None:
        _deployer(
            name,
            KubernetesSpec(),
            place=PLACE,
            artifact_store=outputs_of(store, ArtifactStoreOutputs),
            ingress=IngressSection(class_name=class_name, gateway=gateway, domain=DOMAIN),
            opts=opts,
        )

    return deploy(program)


def _deployer(name: str, spec: KubernetesSpec, *, ingress: IngressSection, **needs: Any) -> None:
    KubernetesModelDeployer(
        name,
        spec,
        cluster=stand_in(ClusterOutputs, "cluster"),
        ingress=outputs_of(ingress, IngressOutputs),
        container_registry=ContainerRegistryOutputs(
            uri=Output.from_input(REPOSITORY), encryption_key=Output.from_input(None)
        ),
        ci_identity=stand_in(CiIdentityOutputs, "ci"),
        **needs,
    )
