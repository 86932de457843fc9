"""How a stack's program reaches the API server of its cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_kubernetes as kubernetes
from pulumi import Output, ResourceOptions

if TYPE_CHECKING:
    from components.base import AwsPlace
    from components.cluster.contract import ClusterOutputs


def kubernetes_provider(
    name: str, cluster: ClusterOutputs, place: AwsPlace, opts: ResourceOptions | None = None
) -> kubernetes.Provider:
    """Return the explicit provider of a cluster's objects.

    A short-lived token is asked for at each run (`aws eks get-token`), so the state holds none. The identifier is
    the cluster itself: a new address or certificate changes the provider in place, another cluster replaces all that
    the provider made. It waits for all that the cluster calls ready, so every object does, and on destroy the rights
    to reach the API server outlive the objects.

    Args:
        name: Logical name.
        cluster: What to reach.
        place: Where the cluster is.
        opts: Options of the provider: its parent, mostly.
    """
    config = Output.all(cluster.name, cluster.endpoint, cluster.certificate_authority).apply(
        lambda values: _kubeconfig(*values, place=place)
    )
    return kubernetes.Provider(
        name,
        kubeconfig=Output.json_dumps(config),
        cluster_identifier=cluster.identifier,
        enable_server_side_apply=True,
        opts=ResourceOptions.merge(ResourceOptions(depends_on=[*cluster.ready]), opts),
    )


def _kubeconfig(name: str, endpoint: str, certificate_authority: str, *, place: AwsPlace) -> dict[str, Any]:
    """Return what `aws eks update-kubeconfig` writes, without a profile of somebody's machine."""
    token = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["--region", place.region, "eks", "get-token", "--cluster-name", name, "--output", "json"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": endpoint, "certificate-authority-data": certificate_authority}}
        ],
        "users": [{"name": name, "user": {"exec": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
