"""Programs, as the engine runs them."""

from __future__ import annotations

import json
from collections.abc import Container
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from stacks.environment.config import from_engine
from stacks.environment.program import program

REGION = "eu-central-1"


def environment() -> None:
    """What `stacks/environment/__main__.py` runs."""
    program(from_engine())


def environment_deleting_first(names: Container[str]) -> None:
    """Run the environment's program so that a replacement of what is called like these deletes first."""

    def change(made: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if made.name not in names:
            return None
        first = pulumi.ResourceOptions.merge(made.opts, pulumi.ResourceOptions(delete_before_replace=True))
        return pulumi.ResourceTransformationResult(made.props, first)

    pulumi.runtime.register_stack_transformation(change)
    environment()


def aws_provider() -> aws.Provider:
    """Return the explicit provider that every program has."""
    return aws.Provider("aws", region=REGION, default_tags={"tags": {"made-by": "test"}})


SERVER = "https://cluster.invalid"


def kubernetes_provider(server: str = SERVER, **options: Any) -> kubernetes.Provider:
    """Return the explicit provider of a cluster that no stack made."""
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "aws", "args": ["eks", "get-token"]}}
    authority = "bm90IGEgY2VydGlmaWNhdGU="
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": server, "certificate-authority-data": authority}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "users": [{"name": "it", "user": user}],
    }
    return kubernetes.Provider("kubernetes", kubeconfig=json.dumps(config), **options)
