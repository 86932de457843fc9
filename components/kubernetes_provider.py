"""How a stack's program reaches the API server of its cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi_kubernetes as kubernetes
from pulumi import Output, ResourceOptions, ResourceTransformationArgs, ResourceTransformationResult

from components.base import AwsPlace

if TYPE_CHECKING:
    from components.base import Place
    from components.cluster.contract import ClusterOutputs


def kubernetes_provider(
    name: str, cluster: ClusterOutputs, place: Place, opts: ResourceOptions | None = None
) -> kubernetes.Provider:
    """Return the explicit provider of a cluster's objects.

    On AWS a short-lived token is asked for at each run (`aws eks get-token`). Elsewhere whoever runs the program has
    a kubeconfig (`KUBECONFIG`) with a context that is called like the cluster. So the state holds no credential, and
    no path of somebody's machine. The identifier is the cluster itself: a new address or certificate changes the
    provider in place, another cluster replaces all that the provider made. It waits for all that the cluster calls
    ready, so every object does, and on destroy the rights to reach the API server outlive the objects. ConfigMaps and
    Secrets are changed where they are: ours have fixed names, and one that is replaced is away for a moment.

    Args:
        name: Logical name.
        cluster: What to reach.
        place: Where the cluster is.
        opts: Options of the provider: its parent, mostly.
    """
    kubeconfig = _config(cluster, place) if isinstance(place, AwsPlace) else None
    made = ResourceOptions(
        depends_on=[*cluster.ready], transformations=[_without_variable] if kubeconfig is None else []
    )
    return kubernetes.Provider(
        name,
        kubeconfig=kubeconfig,
        context=cluster.name if kubeconfig is None else None,
        cluster_identifier=cluster.identifier,
        enable_server_side_apply=True,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=ResourceOptions.merge(made, opts),
    )


def _without_variable(made: ResourceTransformationArgs) -> ResourceTransformationResult:
    """Leave out `$KUBECONFIG`, which the SDK copies into the inputs: the provider looks there by itself."""
    props = {name: value for name, value in made.props.items() if name != "kubeconfig"}
    return ResourceTransformationResult(props, made.opts)


def _config(cluster: ClusterOutputs, place: AwsPlace) -> Output[str]:
    known = Output.all(cluster.name, cluster.endpoint, cluster.certificate_authority)
    return Output.json_dumps(known.apply(lambda values: _kubeconfig(*values, place=place)))


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
