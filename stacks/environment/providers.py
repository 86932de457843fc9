"""Through what an environment is built: its account, and its cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.kubernetes_provider import kubernetes_provider

if TYPE_CHECKING:
    from components.base import AwsPlace
    from components.cluster.contract import ClusterOutputs

REALLY_DELETED = {
    "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes:core/v1:Service",
    "kubernetes:networking.k8s.io/v1:Ingress",
}
"""Objects behind which there may be disks and load balancers: a controller has to clean up before the cluster goes."""


def cloud_provider(place: AwsPlace, **more: str) -> aws.Provider:
    """Return the one provider of AWS: in the right account or not at all, every resource tagged; `more` are tags."""
    told = {"environment": place.environment, "tier": place.tier.value, **more}
    tags = {f"stackwright:{name}": value for name, value in told.items()}
    return aws.Provider("aws", region=place.region, allowed_account_ids=[place.account], default_tags={"tags": tags})


def in_account(cloud: aws.Provider, place: AwsPlace) -> pulumi.ResourceOptions:
    """Return the options of components with nothing in a cluster: the provider, and every role is bounded."""
    return pulumi.ResourceOptions(providers=[cloud], transformations=_bounding(place))


def in_cluster(cloud: aws.Provider, cluster: ClusterOutputs, place: AwsPlace) -> pulumi.ResourceOptions:
    """Return the options of components with objects in the cluster: both providers, and the objects go with it.

    Not where the cluster is protected: a destroy that it refuses would forget the objects and leave them there.
    """
    objects = kubernetes_provider("kubernetes", cluster, place)
    owner = next((made for made in cluster.ready if isinstance(made, aws.eks.Cluster)), None)
    together = [_deleted_with(owner)] if owner and place.disposable else []
    return pulumi.ResourceOptions(providers=[cloud, objects], transformations=[*_bounding(place), *together])


def _bounding(place: AwsPlace) -> list[pulumi.ResourceTransformation]:
    def transform(made: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if made.type_ != "aws:iam/role:Role" or made.props.get("permissions_boundary"):
            return None
        return pulumi.ResourceTransformationResult(
            {**made.props, "permissions_boundary": place.boundary_arn}, made.opts
        )

    return [transform] if place.bounded_roles else []


def _deleted_with(owner: aws.eks.Cluster) -> pulumi.ResourceTransformation:
    def transform(made: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not made.type_.startswith("kubernetes:") or made.type_ in REALLY_DELETED:
            return None
        options: Any = pulumi.ResourceOptions.merge(made.opts, pulumi.ResourceOptions(deleted_with=owner))
        return pulumi.ResourceTransformationResult(made.props, options)

    return transform
