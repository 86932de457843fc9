"""What an environment in any cluster is made of; the order of the lines is the order of dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
import pulumi_random
import pulumi_tls

from components.catalogue import build
from components.kubernetes_provider import kubernetes_provider
from stacks.environment.export import kubernetes_platform_output

if TYPE_CHECKING:
    from components.base import Place
    from components.cluster.contract import ClusterOutputs
    from stacks.environment.kubernetes_spec import KubernetesEnvironmentSpec


def program(spec: KubernetesEnvironmentSpec) -> None:
    """Register every resource of an environment, and export what the stacks of its projects may know."""
    place = spec.place
    cluster = build("cluster", spec.cluster, place=place).outputs
    inside = in_cluster(cluster, place)
    pools = {
        name: build(name, pool, place=place, cluster=cluster, opts=inside).outputs
        for name, pool in sorted(spec.node_pools.items())
    }
    registry = build("images", spec.container_registry, place=place, opts=inside).outputs
    secrets = build("secrets", spec.secrets, place=place, opts=inside).outputs
    alerts = build("alerts", spec.alerts, place=place, opts=inside).outputs
    services = build("services", spec.services, place=place, cluster=cluster, opts=inside).outputs
    ingress = build("ingress", spec.ingress, place=place, cluster=cluster, services=services, opts=inside).outputs
    store = build(
        "artifacts", spec.artifact_store, place=place, services=services, ingress=ingress, opts=inside
    ).outputs
    database = build("database", spec.database, place=place, services=services, opts=inside).outputs
    tracker = build(
        "tracker",
        spec.experiment_tracker,
        place=place,
        cluster=cluster,
        services=services,
        ingress=ingress,
        database=database,
        artifact_store=store,
        secrets=secrets,
        opts=inside,
    ).outputs
    monitoring = build(
        "monitoring", spec.monitoring, place=place, services=services, ingress=ingress, alerts=alerts, opts=inside
    ).outputs
    runners = build("runners", spec.runners, place=place, services=services, opts=inside).outputs
    exported = kubernetes_platform_output(
        spec,
        runners=runners,
        cluster=cluster,
        node_pools=pools,
        ingress=ingress,
        artifact_store=store,
        container_registry=registry,
        experiment_tracker=tracker,
        monitoring=monitoring,
        secrets=secrets,
        alerts=alerts,
    )
    pulumi.export("platform", exported)


def in_cluster(cluster: ClusterOutputs, place: Place) -> pulumi.ResourceOptions:
    """Return the options of all components: the cluster, and what makes values that nobody has to know.

    The cluster stays when the environment goes, so nothing is deleted with it: every object is, one after the other.
    """
    objects = kubernetes_provider("kubernetes", cluster, place)
    values = (pulumi_random.Provider("random"), pulumi_tls.Provider("tls"))
    return pulumi.ResourceOptions(providers=[objects, *values])
