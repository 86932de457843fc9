"""A project's namespace, recorded."""

from __future__ import annotations

from functools import cache

from pulumi import Output, ResourceOptions

from components.artifact_store.contract import ArtifactStoreOutputs
from components.base import Tier
from components.ci_identity.contract import CiIdentityOutputs
from components.cluster.contract import ClusterOutputs
from components.conformance.standins import stand_in
from components.container_registry.contract import ContainerRegistryOutputs
from components.ingress.contract import IngressOutputs
from components.model_deployer.contract import KubernetesSpec
from components.model_deployer.kubernetes import KubernetesModelDeployer
from components.network.contract import NetworkOutputs
from tests.harness.recorded import PLACES, Recorded, deploy

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"
REPOSITORY = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme-dev/projects/churn"


@cache
def deployed(
    spec: KubernetesSpec | None = None, name: str = "churn", uri: str = "s3://acme", key: str | None = KEY
) -> Recorded:
    """Record a namespace of a project."""

    def program(opts: ResourceOptions) -> None:
        KubernetesModelDeployer(
            name,
            spec or KubernetesSpec(),
            place=PLACES[Tier.DEV],
            network=stand_in(NetworkOutputs, "network"),
            cluster=stand_in(ClusterOutputs, "cluster"),
            ingress=IngressOutputs(
                class_name=Output.from_input("alb"), domain=Output.from_input("dev.ml.acme.example")
            ),
            artifact_store=ArtifactStoreOutputs(uri=Output.from_input(uri), encryption_key=Output.from_input(key)),
            container_registry=ContainerRegistryOutputs(
                uri=Output.from_input(REPOSITORY), encryption_key=Output.from_input(None)
            ),
            ci_identity=stand_in(CiIdentityOutputs, "ci"),
            opts=opts,
        )

    return deploy(program)
