"""What is built in a cluster without a cloud: all of it together, in every tier."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pulumi
import pytest

from components.alerts.contract import WebhookSpec
from components.base import Place, Tier
from components.catalogue import build
from components.charts import chart_named
from components.cluster.contract import ClusterAbilities, ExistingSpec
from components.cluster_services.contract import kubernetes_services_spec
from components.component import Component
from components.conformance.standins import examples
from components.ingress.contract import GatewaySpec
from components.monitoring.contract import PrometheusSpec
from components.monitoring.project import watch_project
from components.node_pools.contract import ExistingSpec as ExistingPool
from components.node_pools.contract import Taint
from components.pod_security import ENFORCE, EXCEPTIONS, guarded_namespace
from components.runners.contract import ArcSpec
from components.secrets.contract import KubernetesSpec
from pipelines.plan.graph import Graph, GraphResource
from pipelines.plan.kubernetes_types import FIXED
from pipelines.plan.policy.catalogue import judge
from pipelines.plan.policy.closure import unprovided
from pipelines.plan.record import graph_of
from tests.harness.kubernetes_plugin.custom import wrong
from tests.harness.kubernetes_plugin.kinds import is_custom
from tests.harness.recorded import before, deploy

ABILITIES = ClusterAbilities(
    storage_classes=("standard",), default_storage_class="standard", cluster_issuers=("letsencrypt",)
)
CLUSTER = examples(ExistingSpec)[0].model_copy(update={"abilities": ABILITIES})
POOLS = {
    "gpu": ExistingPool(
        flavor="existing",
        labels={"acme.example/machines": "gpu"},
        taints=(Taint(key="nvidia.com/gpu", value="true"),),
        accelerators={"nvidia.com/gpu": 1},
        cpu=8,
        memory_gib=32,
        max_size=4,
    )
}
DOMAIN = "dev.ml.acme.example"
INGRESS = {
    Tier.DEV: GatewaySpec(flavor="gateway", domain=DOMAIN, self_signed=True),
    Tier.PROD: GatewaySpec(flavor="gateway", domain=DOMAIN, issuer="letsencrypt"),
}
RUNNERS = ArcSpec(flavor="arc", github_url="https://github.com/acme-research")
ALERTS = WebhookSpec(flavor="webhook", secret="alerts")
SECRETS = KubernetesSpec(flavor="kubernetes", names=("github-app-key",))
TIERS = (Tier.DEV, Tier.PROD)


class Project(Component[Any]):
    """The part of a project's stack that is watched."""

    def __init__(self, name: str, cluster: Any, opts: pulumi.ResourceOptions) -> None:
        super().__init__(name, CLUSTER, opts, cluster)
        home = guarded_namespace(self, name, f"project-{name}")
        watch_project(self, name, namespace=f"project-{name}", port=8080, depends_on=[home])


def program(tier: Tier) -> Callable[[pulumi.ResourceOptions], None]:
    """An environment of a tier, as far as it is made by the components that are tested here, and a project."""
    place = Place(organization="acme", environment=tier.value, tier=tier)

    def register(opts: pulumi.ResourceOptions) -> None:
        def made(name: str, spec: Any, **needs: Any) -> Any:
            return build(name, spec, place=place, **needs, opts=opts).outputs

        cluster = made("cluster", CLUSTER)
        for name, pool in POOLS.items():
            made(name, pool, cluster=cluster)
        monitoring = PrometheusSpec()
        uses = (INGRESS[tier], RUNNERS, ALERTS, SECRETS, monitoring)
        services = made("services", kubernetes_services_spec(ABILITIES, POOLS, uses), cluster=cluster)
        ingress = made("ingress", INGRESS[tier], cluster=cluster, services=services)
        made("secrets", SECRETS)
        made("runners", RUNNERS, services=services)
        watch = made("monitoring", monitoring, services=services, ingress=ingress, alerts=made("alerts", ALERTS))
        Project("churn", watch, opts)

    return register


@cache
def environment(tier: Tier) -> Graph:
    """The graph of it, in a cluster that has storage and nothing else."""
    found = graph_of(deploy(program(tier)).resources, project="stackwright", stack=tier.value)
    return Graph(project=found.project, stack=found.stack, resources=found.resources, abilities=ABILITIES)


def objects(tier: Tier, kind: str) -> dict[str, GraphResource]:
    """The resources of a kind, by name in the cluster."""
    found = [one for one in environment(tier).managed if one.type.endswith(f":{kind}")]
    return {one.inputs["metadata"]["name"]: one for one in found}


def releases(tier: Tier) -> dict[str, GraphResource]:
    """The releases by the name of their chart."""
    found = [one for one in environment(tier).managed if one.type.endswith(":Release")]
    return {str(one.inputs["name"]): one for one in found}


def told(*resources: GraphResource) -> list[str]:
    """What closure says of some resources, each with its kind."""
    graph = Graph(project="stackwright", stack="any", resources=resources, abilities=ABILITIES)
    return [f"{resource.type.rpartition(':')[2]}: {said}" for resource, said in unprovided(graph)]


@pytest.mark.parametrize("tier", TIERS)
def test_policy_has_nothing_to_say(tier: Tier) -> None:
    """Not one finding, and nothing suppressed: closure is among the policies."""
    assert () == judge(environment(tier)).findings


@pytest.mark.parametrize("tier", TIERS)
def test_no_cloud_is_in_it(tier: Tier) -> None:
    """Every resource is an object of the cluster, or a value that the program makes."""
    assert {"kubernetes", "random"} == {one.type.partition(":")[0] for one in environment(tier).managed}


@pytest.mark.parametrize(
    ("chart", "said"),
    [
        ("cert-manager", "Certificate: uses API group `cert-manager.io`, which nothing provides"),
        ("gateway-helm", "Gateway: uses API group `gateway.networking.k8s.io`, which nothing provides"),
        ("kube-prometheus-stack", "PrometheusRule: uses API group `monitoring.coreos.com`, which nothing provides"),
    ],
)
def test_what_is_left_out_is_missed(chart: str, said: str) -> None:
    """Charts are known by their names, those in registries too: without one, closure names what it brings."""
    whole = environment(Tier.PROD)
    left = [one for one in whole.resources if one.inputs.get("name") != chart or "chart" not in one.inputs]

    assert len(whole.resources) - 1 == len(left)
    assert any(line.startswith(said) for line in told(*left))


def test_custom_resources_wait_for_their_definitions() -> None:
    """An object before its kind is known is refused by the API server; every one of them waits for a release."""
    whole = environment(Tier.DEV)
    hasty = [one.model_copy(update={"dependencies": ()}) for one in whole.resources]
    early = [line for line in told(*hasty) if "may come before" in line]
    custom = {"Certificate", "Gateway", "GatewayClass", "HTTPRoute", "Issuer", "PodMonitor", "PrometheusRule"}

    assert [] == told(*whole.resources)
    assert custom == {line.partition(":")[0] for line in early}


@pytest.mark.parametrize("tier", TIERS)
def test_published_schemas_take_every_custom_resource(tier: Tier) -> None:
    """Whatever the SDK has no class for is held against the schema of its project; none is unchecked."""
    custom = [one for one in environment(tier).managed if one.type.startswith("kubernetes:") and is_custom(one.type)]

    assert custom
    assert [] == [(one.name, told) for one in custom for told in wrong(one.type, dict(one.inputs))]
    assert not {one.type.removeprefix("kubernetes:") for one in custom} - set(FIXED)


@pytest.mark.parametrize("tier", TIERS)
def test_namespaces_are_restricted_or_excused(tier: Tier) -> None:
    """What is not restricted is in one table with a reason, and the table has no line too many."""
    levels = {name: one.inputs["metadata"]["labels"][ENFORCE] for name, one in objects(tier, "Namespace").items()}
    weaker = {name: level for name, level in levels.items() if level != "restricted"}

    assert {name: level for name, (level, _) in EXCEPTIONS.items()} == weaker
    assert all(reason for _, reason in EXCEPTIONS.values())


@pytest.mark.parametrize("tier", TIERS)
def test_namespaces_are_there_first(tier: Tier) -> None:
    """Whatever is in a namespace of ours waits for it, and is away before it goes."""
    homes = {name: one.urn for name, one in objects(tier, "Namespace").items()}
    by_urn = {one.urn: one for one in made(tier)}
    inside = {one.urn: namespace_of(one) for one in made(tier) if namespace_of(one) in homes}
    hasty = [urn for urn, namespace in inside.items() if homes[namespace] not in before(by_urn, urn)]

    assert set(homes) == set(inside.values())
    assert [] == hasty


def namespace_of(one: GraphResource) -> str:
    """Where an object or a release is; empty for what no namespace holds."""
    return str(one.inputs.get("namespace") or one.inputs.get("metadata", {}).get("namespace", ""))


def made(tier: Tier) -> list[GraphResource]:
    """Every object, releases with them."""
    return [one for one in environment(tier).managed if one.type.startswith("kubernetes:")]


@pytest.mark.parametrize("tier", TIERS)
def test_privileges_are_where_they_are_excused(tier: Tier) -> None:
    """A chart that runs something with privileges is in a namespace that allows it, and no other chart is there."""
    charts = {name: chart_named(one.inputs["chart"]) for name, one in releases(tier).items()}
    privileged = {name for name, chart in charts.items() if chart and chart.privileges}
    excused = {name for name, one in releases(tier).items() if one.inputs["namespace"] in EXCEPTIONS}

    assert {"nvidia-device-plugin"} == privileged == excused


@pytest.mark.parametrize("tier", TIERS)
def test_nothing_but_the_device_plugin_tolerates_a_taint(tier: Tier) -> None:
    """So that no pod of the platform lands on a machine with GPUs."""
    tolerant = {name for name, one in releases(tier).items() if "tolerations" in str(one.inputs["values"])}

    assert {"nvidia-device-plugin"} == tolerant


def test_what_the_cluster_has_is_not_installed_again() -> None:
    """An ability for each thing, and no release is left but those of the environment's own."""
    uses = (INGRESS[Tier.PROD], RUNNERS)
    groups = ("actions.github.com", "cert-manager.io", "gateway.envoyproxy.io", "gateway.networking.k8s.io")
    able = ABILITIES.model_copy(
        update={"api_groups": (*groups, "metrics.k8s.io"), "extended_resources": ("nvidia.com/gpu",)}
    )

    assert () == kubernetes_services_spec(able, POOLS, uses).charts
