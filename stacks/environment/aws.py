"""What an environment in AWS is made of; the order of the lines is the order of dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi

from components.catalogue import build
from components.cluster_services.contract import services_spec
from components.node_pools.contract import SYSTEM
from stacks.environment.export import platform_output
from stacks.environment.providers import cloud_provider, in_account, in_cluster

if TYPE_CHECKING:
    from stacks.environment.spec import EnvironmentSpec


def program(spec: EnvironmentSpec) -> None:
    """Register every resource of an environment, and export what the stacks of its projects may know."""
    place, aws = spec.place, cloud_provider(spec.place)
    cloud = in_account(aws, place)
    network = build("network", spec.network, place=place, opts=cloud).outputs
    store = build("artifacts", spec.artifact_store, place=place, opts=cloud).outputs
    registry = build("images", spec.container_registry, place=place, opts=cloud).outputs
    secrets = build("secrets", spec.secrets, place=place, opts=cloud).outputs
    alerts = build("alerts", spec.alerts, place=place, opts=cloud).outputs
    if spec.budget:
        build("budget", spec.budget, place=place, alerts=alerts, opts=cloud)
    runners = build("runners", spec.runners, place=place, network=network, opts=cloud).outputs
    cluster = build("cluster", spec.cluster, place=place, network=network, runners=runners, opts=cloud).outputs
    database = build(
        "database",
        spec.database,
        place=place,
        network=network,
        client_security_group_ids=cluster.security_group_ids,
        opts=cloud,
    ).outputs
    pools = {
        name: build(name, pool, place=place, network=network, cluster=cluster, opts=cloud).outputs
        for name, pool in spec.pools.items()
    }
    inside = in_cluster(aws, cluster, place)
    services = build(
        "services",
        services_spec(spec.pools),
        place=place,
        network=network,
        cluster=cluster,
        system=pools[SYSTEM],
        opts=inside,
    ).outputs
    ingress = build("ingress", spec.ingress, place=place, cluster=cluster, services=services, opts=inside).outputs
    tracker = build(
        "tracker",
        spec.experiment_tracker,
        place=place,
        network=network,
        cluster=cluster,
        services=services,
        ingress=ingress,
        database=database,
        artifact_store=store,
        secrets=secrets,
        opts=inside,
    ).outputs
    exported = platform_output(
        spec,
        network=network,
        runners=runners,
        cluster=cluster,
        node_pools=pools,
        ingress=ingress,
        artifact_store=store,
        container_registry=registry,
        experiment_tracker=tracker,
        secrets=secrets,
        alerts=alerts,
    )
    pulumi.export("platform", exported)
