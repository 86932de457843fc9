"""How a program reaches its cluster."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.base import Place, Tier
from components.cluster.contract import ClusterOutputs
from components.conformance.standins import STAND_IN, stand_in
from components.kubernetes_provider import kubernetes_provider
from components.recording import RecordedResource
from pipelines.plan.effects import effect_of
from pipelines.plan.record import graph_of
from pipelines.plan.schemas import Effect
from tests.harness.recorded import PLACES, deploy


def provider(place: Place = PLACES[Tier.DEV], **changed: str) -> tuple[RecordedResource, set[str]]:
    """The provider of a cluster, and what the cluster calls ready."""

    def program(_: pulumi.ResourceOptions) -> None:
        values: dict[str, Any] = {name: pulumi.Output.from_input(value) for name, value in changed.items()}
        cluster = replace(stand_in(ClusterOutputs, "cluster"), **values)
        kubernetes_provider("main", cluster, place)

    found = deploy(program).resources
    (made,) = [item for item in found if item.type == "pulumi:providers:kubernetes" and item.name == "main"]
    return made, {item.urn for item in found if item.type == STAND_IN}


def test_it_reaches_the_cluster_by_a_token_of_aws() -> None:
    """The state holds no token: whoever runs the program asks for one, in the region of the place."""
    made, _ = provider(endpoint="https://api.example")
    config = json.loads(made.inputs["kubeconfig"])

    (cluster,), (user,), (context,) = config["clusters"], config["users"], config["contexts"]
    assert {"server": "https://api.example", "certificate-authority-data": "cluster-certificate_authority"} == cluster[
        "cluster"
    ]
    assert ["exec"] == list(user["user"])
    assert "aws --region eu-west-1 eks get-token --cluster-name cluster-name --output json" == " ".join(
        [user["user"]["exec"]["command"], *user["user"]["exec"]["args"]]
    )
    assert {"cluster": cluster["name"], "user": user["name"]} == context["context"]
    assert context["name"] == config["current-context"]


ANYWHERE = Place(organization="acme", environment="dev", tier=Tier.DEV)


def test_elsewhere_it_takes_the_context_that_is_called_like_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the program has a kubeconfig; neither a credential nor the path of it is in the state."""
    monkeypatch.setenv("KUBECONFIG", "/home/somebody/.kube/config")
    made, ready = provider(ANYWHERE, name="kind-kind")

    assert ("cluster-identifier", "kind-kind") == (made.inputs["clusterIdentifier"], made.inputs["context"])
    assert "kubeconfig" not in made.inputs
    assert ready <= set(made.dependencies)


@pytest.mark.parametrize(
    ("setting", "effect"), [("context", Effect.IN_PLACE), ("clusterIdentifier", Effect.MAY_REPLACE)]
)
def test_another_name_of_the_same_cluster_replaces_nothing(setting: str, effect: Effect) -> None:
    """As on AWS another address does not: the identifier says what is the same."""
    made, _ = provider(ANYWHERE)
    (found,) = graph_of([given(made)], project="p", stack="s").resources

    assert effect is effect_of(found, setting)


def given(made: RecordedResource) -> RecordedResource:
    """The provider alone, as a graph has it."""
    return replace(made, dependencies=(), parent=None)


def test_it_stays_the_same_while_the_cluster_does() -> None:
    """A new address or certificate replaces nothing that it made: the identifier is the cluster itself."""
    before, _ = provider()
    after, _ = provider(endpoint="https://other.example", certificate_authority="b3RoZXI=")

    assert before.inputs["kubeconfig"] != after.inputs["kubeconfig"]
    assert {"cluster-identifier"} == {made.inputs["clusterIdentifier"] for made in (before, after)}


def test_what_pods_read_is_changed_where_it_is() -> None:
    """Config maps and secrets with fixed names are never away, as they would be while they are replaced."""
    made, _ = provider()

    assert ("true", "true") == (made.inputs["enableConfigMapMutable"], made.inputs["enableSecretMutable"])


def test_objects_wait_until_the_cluster_can_be_reached() -> None:
    """What uses it waits for all of the cluster, entries of who may reach it included, and goes before them."""
    made, ready = provider()

    assert ready
    assert ready <= set(made.dependencies)
