"""What a project gets in a cluster without a cloud; the order of the lines is the order of dependencies."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_kubernetes import core

from components.artifact_store.contract import ArtifactStoreOutputs
from components.catalogue import build
from components.cluster.contract import ClusterOutputs
from components.container_registry.contract import ContainerRegistryOutputs
from components.ingress.contract import IngressOutputs
from components.model_deployer.contract import namespace_of
from stacks.environment.kubernetes import in_cluster
from stacks.outputs import outputs_of
from stacks.project.kubernetes_project import CONTRACT, KubernetesProject
from stacks.project.publication import contract_document

if TYPE_CHECKING:
    from stacks.platform import KubernetesPlatform
    from stacks.project.spec import ProjectSpec

FILE = "contract.json"
"""Key of the config map that holds the contract."""


def program(spec: ProjectSpec, platform: KubernetesPlatform) -> None:
    """Register every resource of a project, and publish its contract in its namespace."""
    name, place = spec.project, platform.place
    cluster = outputs_of(platform.cluster, ClusterOutputs)
    everywhere = in_cluster(cluster, place)
    ci_identity = build(name, spec.ci_identity, place=place, opts=everywhere).outputs
    registry = outputs_of(platform.container_registry, ContainerRegistryOutputs)
    images = pulumi.Output.from_input(f"{platform.container_registry.uri}/projects/{name}")
    deployer = build(
        name,
        spec.model_deployer,
        place=place,
        cluster=cluster,
        ingress=outputs_of(platform.ingress, IngressOutputs),
        artifact_store=outputs_of(platform.artifact_store, ArtifactStoreOutputs),
        container_registry=dataclasses.replace(registry, uri=images),
        ci_identity=ci_identity,
        opts=everywhere,
    ).outputs
    project = KubernetesProject(
        name, spec, platform=platform, ci_identity=ci_identity, deployer=deployer, images=images, opts=everywhere
    ).outputs
    document = contract_document(spec, platform, project, deployer)
    last = pulumi.ResourceOptions(depends_on=[*deployer.ready, *project.ready])
    publish(platform.cluster.name, namespace_of(name), document, pulumi.ResourceOptions.merge(everywhere, last))


def publish(
    cluster: str, namespace: str, document: pulumi.Output[dict[str, Any]], opts: pulumi.ResourceOptions
) -> None:
    """Put the contract where `stackwright contract pull` finds it, when all that it names is there."""
    core.v1.ConfigMap(
        "contract",
        metadata={"name": CONTRACT, "namespace": namespace},
        data={FILE: pulumi.Output.json_dumps(document, indent=2)},
        opts=opts,
    )
    pulumi.export("contract", document)
    pulumi.export("contract_uri", f"kubernetes://{cluster}/{namespace}/{CONTRACT}")
