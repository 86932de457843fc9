"""Whatever a stack uses of its cluster is provided by something, and is there first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.base import Tier
from components.catalogue import build
from components.cluster.contract import ClusterAbilities, ClusterOutputs
from components.cluster_services.contract import EksServicesSpec
from components.conformance.standins import STAND_IN, stand_in
from components.ingress.contract import AlbSpec
from components.network.contract import NetworkOutputs
from components.node_pools.contract import NodePoolOutputs
from pipelines.plan.graph import Graph, GraphResource
from pipelines.plan.policy.base import sketch
from pipelines.plan.policy.closure import CLUSTER, INGRESS, INGRESS_CLASS, RELEASE, STORAGE_CLASS, unprovided
from pipelines.plan.record import graph_of
from tests.harness.recorded import PLACES, deploy

SERVICES = EksServicesSpec(device_plugin=True)
ALB = AlbSpec(domain="dev.ml.acme.example", zone_id="Z0123456789ABCDEFGHIJ")


def program(opts: pulumi.ResourceOptions) -> None:
    """The services of a cluster and its ingress."""
    place, cluster, network = PLACES[Tier.DEV], stand_in(ClusterOutputs, "cluster"), stand_in(NetworkOutputs, "network")
    system = stand_in(NodePoolOutputs, "system")
    services = build("services", SERVICES, place=place, network=network, cluster=cluster, system=system, opts=opts)
    build("ingress", ALB, place=place, cluster=cluster, services=services.outputs, opts=opts)


def environment() -> Graph:
    """The graph of the services and the ingress."""
    found = deploy(program).resources
    provider = next(one.urn for one in found if one.type == "pulumi:providers:aws")
    given = [replace(one, provider=f"{provider}::id") if one.type == STAND_IN else one for one in found]
    return graph_of(given, project="stackwright", stack="dev")


def changed(change: Callable[[GraphResource], GraphResource | None]) -> list[str]:
    """What closure says of the environment after a change, each with the name of the resource."""
    whole = environment()
    left = tuple(after for one in whole.resources if (after := change(one)))
    graph = Graph(project="p", stack="s", resources=left)
    return [f"{resource.type.rpartition(':')[2]}: {told}" for resource, told in unprovided(graph)]


def without(chart: str) -> Callable[[GraphResource], GraphResource | None]:
    """Leave a chart out."""
    return lambda one: None if one.inputs.get("chart") == chart else one


def early(one: GraphResource) -> GraphResource:
    """Let nothing wait for anything."""
    return one.model_copy(update={"dependencies": ()})


def test_our_services_and_ingress_are_closed() -> None:
    """What the ingress uses, the services provide, before it is used."""
    assert [] == changed(lambda one: one)


def test_a_missing_controller_is_found() -> None:
    """Without its chart nobody knows the parameters of the class."""
    told = "uses API group `elbv2.k8s.aws`, which nothing provides; use one of metrics.k8s.io, or add what provides it"

    assert [f"IngressClassParams: {told}"] == changed(without("aws-load-balancer-controller"))


def test_parameters_before_their_definition_are_found() -> None:
    """The kind has to be known when the first object of it is applied."""
    told = f"make it depend on {RELEASE} services-aws-load-balancer-controller"

    assert [f"IngressClassParams: may come before its API group `elbv2.k8s.aws` is known; {told}"] == changed(early)


def test_a_class_by_another_name_is_found() -> None:
    """The name is what an Ingress says."""

    def rename(one: GraphResource) -> GraphResource:
        return one.model_copy(update={"inputs": {"metadata": {"name": "nlb"}}}) if one.type == INGRESS_CLASS else one

    told = "uses IngressClass `alb`, which nothing provides; use one of nlb, or add what provides it"

    assert [f"Ingress: {told}"] == changed(rename)


USED: dict[str, dict[str, Any]] = {
    f"{INGRESS} app": {"spec": {"ingressClassName": "alb"}},
    "kubernetes:core/v1:PersistentVolumeClaim data": {"spec": {"storageClassName": "gp3"}},
    "kubernetes:batch/v1:Job train": {
        "spec": {"template": {"spec": {"containers": [{"resources": {"limits": {"nvidia.com/gpu": 1}}}]}}}
    },
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler app": {"spec": {}},
    "kubernetes:cert-manager.io/v1:Certificate app": {"spec": {"issuerRef": {"kind": "ClusterIssuer", "name": "ours"}}},
    "kubernetes:gateway.networking.k8s.io/v1:Gateway app": {"spec": {"gatewayClassName": "eg"}},
    "kubernetes:postgresql.cnpg.io/v1:Cluster db": {"spec": {"storage": {}}},
}
ABILITIES = {
    "api_groups": ("cert-manager.io", "gateway.networking.k8s.io", "metrics.k8s.io", "postgresql.cnpg.io"),
    "cluster_issuers": ("ours",),
    "default_storage_class": "gp3",
    "extended_resources": ("nvidia.com/gpu",),
    "gateway_classes": ("eg",),
    "ingress_classes": ("alb",),
    "storage_classes": ("gp3",),
}
IMPLIED = {"default_storage_class": "storage_classes"}
"""Ability -> the one that it is one of."""


def able(abilities: dict[str, Any]) -> Graph:
    """Return what uses everything, on a cluster that says what it has."""
    return sketch(USED).model_copy(update={"abilities": ClusterAbilities.model_validate(abilities)})


def test_a_cluster_of_another_stack_says_what_it_has() -> None:
    """What is declared is as good as what is made."""
    assert [] == list(unprovided(able(ABILITIES)))


@pytest.mark.parametrize(
    ("ability", "expected"),
    [
        (
            "api_groups",
            [
                f"API group `{group}`"
                for group in ("cert-manager.io", "gateway.networking.k8s.io", "metrics.k8s.io", "postgresql.cnpg.io")
            ],
        ),
        ("cluster_issuers", ["ClusterIssuer `ours`"]),
        ("default_storage_class", ["StorageClass `(the default)`"]),
        ("extended_resources", ["extended resource `nvidia.com/gpu`"]),
        ("gateway_classes", ["GatewayClass `eg`"]),
        ("ingress_classes", ["IngressClass `alb`"]),
        ("storage_classes", ["StorageClass `(the default)`", "StorageClass `gp3`"]),
    ],
)
def test_what_it_does_not_have_is_found(ability: str, expected: list[str]) -> None:
    """Each kind of ability is asked for by something."""
    had = {name: values for name, values in ABILITIES.items() if ability not in (name, IMPLIED.get(name))}
    found = [told for _, told in unprovided(able(had))]

    assert expected == sorted(told.removeprefix("uses ").partition(",")[0] for told in found)


@pytest.mark.parametrize(
    "name", ["", f"${{{STORAGE_CLASS}::made.metadata.name}}", None], ids=["no class at all", "known later", "secret"]
)
def test_what_cannot_be_judged_is_left_alone(name: str | None) -> None:
    """An empty name asks for no class, and a name that a provider gives is not known here."""
    given = {"secret": True} if name is None else name
    claim = {"kubernetes:core/v1:PersistentVolumeClaim data": {"spec": {"storageClassName": given}}}

    assert [] == list(unprovided(sketch({f"{CLUSTER} main": {}, **claim})))
