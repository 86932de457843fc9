"""How a program reaches its cluster."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi

from components.base import Tier
from components.cluster.contract import ClusterOutputs
from components.conformance.standins import STAND_IN, stand_in
from components.kubernetes_provider import kubernetes_provider
from components.recording import RecordedResource
from tests.harness.recorded import PLACES, deploy


def provider(**changed: str) -> tuple[RecordedResource, set[str]]:
    """The provider of a cluster, and what the cluster calls ready."""

    def program(_: pulumi.ResourceOptions) -> None:
        values: dict[str, Any] = {name: pulumi.Output.from_input(value) for name, value in changed.items()}
        cluster = replace(stand_in(ClusterOutputs, "cluster"), **values)
        kubernetes_provider("main", cluster, PLACES[Tier.DEV])

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


def test_it_stays_the_same_while_the_cluster_does() -> None:
    """A new address or certificate replaces nothing that it made: the identifier is the cluster itself."""
    before, _ = provider()
    after, _ = provider(endpoint="https://other.example", certificate_authority="b3RoZXI=")

    assert before.inputs["kubeconfig"] != after.inputs["kubeconfig"]
    assert {"cluster-identifier"} == {made.inputs["clusterIdentifier"] for made in (before, after)}


def test_objects_wait_until_the_cluster_can_be_reached() -> None:
    """What uses it waits for all of the cluster, entries of who may reach it included, and goes before them."""
    made, ready = provider()

    assert ready
    assert ready <= set(made.dependencies)
