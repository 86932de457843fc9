"""What an environment is made of; the order of the lines is the order of dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.catalogue import build

if TYPE_CHECKING:
    from stacks.environment.spec import EnvironmentSpec


def program(spec: EnvironmentSpec) -> None:
    """Register every resource of an environment."""
    place, opts = spec.place, pulumi.ResourceOptions(providers=[provider(spec)])
    network = build("network", spec.network, place=place, opts=opts).outputs
    store = build("artifacts", spec.artifact_store, place=place, opts=opts).outputs
    registry = build("images", spec.container_registry, place=place, opts=opts).outputs
    database = build("database", spec.database, place=place, network=network, opts=opts).outputs
    secrets = build("secrets", spec.secrets, place=place, opts=opts).outputs
    alerts = build("alerts", spec.alerts, place=place, opts=opts).outputs
    if spec.budget:
        build("budget", spec.budget, place=place, alerts=alerts, opts=opts)
    pulumi.export("artifact_store_uri", store.uri)
    pulumi.export("container_registry_uri", registry.uri)
    pulumi.export("database_host", database.host)
    pulumi.export("secrets_prefix", secrets.prefix)
    pulumi.export("vpc_id", network.vpc_id)


def provider(spec: EnvironmentSpec) -> aws.Provider:
    """Return the one provider: in the right account or not at all, every resource tagged."""
    tags = {"stackwright:environment": spec.environment, "stackwright:tier": spec.tier.value}
    return aws.Provider(
        "aws",
        region=spec.region,
        allowed_account_ids=[spec.account],
        default_tags={"tags": tags},
    )
