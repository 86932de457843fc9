"""What a project gets in an environment of AWS; the order of the lines is the order of dependencies."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pulumi_random

from components.artifact_store.contract import ArtifactStoreOutputs
from components.catalogue import build
from components.cluster.contract import ClusterOutputs
from components.container_registry.contract import ContainerRegistryOutputs
from components.ingress.contract import IngressOutputs
from components.network.contract import NetworkOutputs
from stacks.environment.providers import cloud_provider, in_cluster
from stacks.outputs import outputs_of
from stacks.project.aws_project import AwsProject
from stacks.project.prefix import Prefix
from stacks.project.publication import contract_document

if TYPE_CHECKING:
    from components.ci_identity.contract import CiIdentityOutputs
    from stacks.platform import Platform
    from stacks.project.spec import ProjectSpec


def program(spec: ProjectSpec, platform: Platform) -> None:
    """Register every resource of a project, and publish its contract in the artifact store."""
    name, place = spec.project, platform.place
    cloud = cloud_provider(place, project=name)
    cluster = outputs_of(platform.cluster, ClusterOutputs)
    values = pulumi.ResourceOptions(providers=[pulumi_random.Provider("random")])
    everywhere = pulumi.ResourceOptions.merge(in_cluster(cloud, cluster, place), values)
    ci_identity = build(name, spec.ci_identity, place=place, opts=everywhere).outputs
    project = AwsProject(name, spec, platform=platform, ci_identity=ci_identity, opts=everywhere).outputs
    registry = outputs_of(platform.container_registry, ContainerRegistryOutputs)
    deployer = build(
        name,
        spec.model_deployer,
        place=place,
        network=outputs_of(platform.network, NetworkOutputs),
        cluster=cluster,
        ingress=outputs_of(platform.ingress, IngressOutputs),
        artifact_store=outputs_of(platform.artifact_store, ArtifactStoreOutputs),
        container_registry=dataclasses.replace(registry, uri=project.image_repository, ready=project.ready),
        ci_identity=ci_identity,
        opts=everywhere,
    ).outputs
    document = contract_document(spec, platform, project, deployer, in_account(platform, ci_identity))
    ready = [*ci_identity.ready, *project.ready, *deployer.ready]
    publish(name, platform, document, pulumi.ResourceOptions(provider=cloud, depends_on=ready))


def in_account(platform: Platform, ci_identity: CiIdentityOutputs) -> dict[str, Any]:
    """Return what the contract says of the account, and of the roles in it."""
    promotion = next(iter(ci_identity.promotion), None)
    roles = {"deploy": ci_identity.deploy, "plan": ci_identity.plan, "promotion": promotion}
    return {"account": platform.account, "region": platform.region, "roles": roles}


def publish(
    name: str, platform: Platform, document: pulumi.Output[dict[str, Any]], opts: pulumi.ResourceOptions
) -> None:
    """Put the contract where `stackwright contract pull` finds it, when all that it names is there."""
    store = platform.artifact_store
    home = Prefix(platform.partition, store.uri).below(name).below("contract.json")
    aws.s3.BucketObjectv2(
        "contract",
        bucket=home.bucket,
        key=home.key,
        content=pulumi.Output.json_dumps(document, indent=2),
        content_type="application/json",
        server_side_encryption="aws:kms" if store.encryption_key else None,
        kms_key_id=store.encryption_key,
        opts=opts,
    )
    pulumi.export("contract", document)
    pulumi.export("contract_uri", home.uri)
