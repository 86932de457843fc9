"""The program of an environment in any cluster, recorded: what only this shape has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from components.charts import chart_named
from components.recording import RecordedResource
from pipelines.plan.policy.closure import BUILT_IN
from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec
from tests.harness.environments import ENVIRONMENTS, Graph, recorded, spec_of, values

NAMESPACE = "kubernetes:core/v1:Namespace"
RELEASE = "kubernetes:helm.sh/v3:Release"


def objects(graph: Graph) -> list[RecordedResource]:
    """Return what is in the cluster."""
    return [item for (type_, _), item in graph.items() if type_.startswith("kubernetes:")]


def waits_for(graph: Graph, item: RecordedResource) -> set[str]:
    """Return the URNs of all that comes before a resource, and so goes after it."""
    known = {each.urn: each for each in graph.values()}
    found, left = set[str](), [*item.dependencies]
    while left:
        urn = left.pop()
        if urn not in found:
            found.add(urn)
            left += known[urn].dependencies if urn in known else ()
    return found


def homes(graph: Graph) -> dict[str, str]:
    """Return each namespace that the program makes, and its URN."""
    return {item.inputs["metadata"]["name"]: item.urn for (type_, _), item in graph.items() if type_ == NAMESPACE}


def namespace(item: RecordedResource) -> str:
    """Return the namespace of an object or a release; none of what is in none."""
    return item.inputs.get("namespace") or item.inputs.get("metadata", {}).get("namespace", "")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_nothing_goes_by_itself(environment: str) -> None:
    """The cluster stays, so each object is deleted; nothing is left to the deletion of something else."""
    graph = recorded("kubernetes", environment)

    assert [] == [item.urn for item in graph.values() if item.deleted_with or item.retain_on_delete]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_namespace_goes_last(environment: str) -> None:
    """Whatever is in a namespace of ours waits for it: on the way down the namespace takes what others left there."""
    graph = recorded("kubernetes", environment)
    known = homes(graph)
    inside = [item for item in objects(graph) if namespace(item) in known]

    assert len(inside) > 20
    assert [] == [item.urn for item in inside if known[namespace(item)] not in waits_for(graph, item)]


def definitions(graph: Graph) -> dict[str, list[str]]:
    """Return each API group that a release makes known, and the URNs of those that do."""
    found: dict[str, list[str]] = {}
    for (type_, _), item in graph.items():
        chart = chart_named(item.inputs["chart"]) if type_ == RELEASE else None
        for group in chart.api_groups if chart else ():
            found.setdefault(group, []).append(item.urn)
    return found


def groups(graph: Graph) -> Iterator[tuple[str, RecordedResource]]:
    """Yield API group and custom resource."""
    for item in objects(graph):
        group = item.type.removeprefix("kubernetes:").partition("/")[0]
        if group not in BUILT_IN:
            yield group, item


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_custom_resources_go_before_their_controllers(environment: str) -> None:
    """A controller that is gone takes no finalizer off: its release outlives what it looks after."""
    graph = recorded("kubernetes", environment)
    known, had = definitions(graph), values("kubernetes", environment)["cluster"]["abilities"]["api_groups"]
    for group, item in groups(graph):
        assert group in known or group in had
        assert set(known.get(group, [])) <= waits_for(graph, item), item.urn


def test_volumes_are_in_namespaces_of_ours() -> None:
    """Claims of a StatefulSet stay when their release goes; the namespace takes them."""
    graph = recorded("kubernetes", "dev")
    kept = [item for (type_, name), item in graph.items() if type_ == RELEASE and name.split("-")[0] != "services"]

    assert {"seaweedfs", "monitoring"} <= {namespace(item) for item in kept}
    assert {namespace(item) for item in kept} <= set(homes(graph))


def installed(**abilities: Any) -> set[str]:
    """Return the charts of the services of dev, in a cluster with more abilities."""
    cluster = values("kubernetes", "dev")["cluster"]
    cluster["abilities"] |= abilities
    graph = recorded("kubernetes", "dev", cluster=cluster)
    return {name.removeprefix("services-") for type_, name in graph if type_ == RELEASE and name.startswith("services")}


def test_what_is_there_is_not_installed_again() -> None:
    """Each ability leaves out what would bring it, and nothing else."""
    missing = {"cert-manager", "cloudnative-pg", "gateway-helm", "metrics-server", "nvidia-device-plugin"}

    assert missing == installed()
    assert missing - {"cert-manager", "metrics-server"} == installed(api_groups=["cert-manager.io", "metrics.k8s.io"])
    assert missing - {"nvidia-device-plugin"} == installed(extended_resources=["nvidia.com/gpu"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_projects_are_told_what_the_cluster_has_now(environment: str) -> None:
    """The abilities of the platform document are those that were there, and those of what is installed."""
    spec = spec_of("kubernetes", environment)
    assert isinstance(spec, KubernetesEnvironmentSpec)
    known = definitions(recorded("kubernetes", environment))

    assert {*known, *spec.cluster.abilities.api_groups} == set(spec.abilities.api_groups)
    assert ("nvidia.com/gpu",) == spec.abilities.extended_resources
    assert spec.cluster.abilities.storage_classes == spec.abilities.storage_classes


def test_the_state_says_nothing_of_a_machine() -> None:
    """The provider goes by the context; neither a kubeconfig nor its path is an input."""
    (provider,) = [
        item for (type_, _), item in recorded("kubernetes", "prod").items() if type_ == "pulumi:providers:kubernetes"
    ]

    assert "kubeconfig" not in provider.inputs
    assert "acme-prod" == provider.inputs["context"]
