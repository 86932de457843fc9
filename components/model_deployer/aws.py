"""As whom jobs and served models act in a cluster of Amazon EKS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi import Output
from pulumi_aws import eks

from components.pod_identity import pod_identity

if TYPE_CHECKING:
    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import AwsPlace, OutputsT
    from components.cluster.contract import ClusterOutputs
    from components.component import Component


def let_in(
    owner: Component[OutputsT], name: str, cluster: ClusterOutputs, role_arn: Output[str], group: str
) -> Output[str]:
    """Let who has a role into the cluster, as one group and nothing else, and return the group."""
    eks.AccessEntry(
        name,
        cluster_name=cluster.name,
        principal_arn=role_arn,
        kubernetes_groups=[group],
        opts=owner.child,
    )
    return Output.from_input(group)


def let_serve(
    owner: Component[OutputsT],
    name: str,
    place: AwsPlace,
    cluster: ClusterOutputs,
    store: ArtifactStoreOutputs,
    *,
    namespace: str,
    service_account: str,
) -> None:
    """Give the pods of served models an identity in AWS."""
    pod_identity(
        owner,
        name,
        place,
        cluster,
        namespace=namespace,
        service_account=service_account,
        statements=serving_rights(name, place.partition, store),
    )


def serving_rights(project: str, partition: str, store: ArtifactStoreOutputs) -> list[dict[str, Any]]:
    """Return what served models may do: read the packages of their project, and add to its prediction log."""
    home = store.uri.apply(lambda uri: f"{uri.removeprefix('s3://')}/{project}")
    bucket = home.apply(lambda path: f"arn:{partition}:s3:::{path.partition('/')[0]}")
    listed = home.apply(lambda path: f"{path.partition('/')[2]}/models/*")
    packages, log = (Output.concat(f"arn:{partition}:s3:::", home, f"/{part}/*") for part in ("models", "predictions"))
    return [
        _allow("ReadPackages", ["s3:GetObject", "kms:Decrypt"], _with_key(packages, store)),
        _allow("ListPackages", ["s3:ListBucket"], bucket) | {"Condition": {"StringLike": {"s3:prefix": listed}}},
        _allow("LogPredictions", ["s3:PutObject", "kms:GenerateDataKey"], _with_key(log, store)),
    ]


def _allow(sid: str, actions: list[str], resource: object) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _with_key(objects: Output[str], store: ArtifactStoreOutputs) -> Output[list[str]]:
    """Return objects and the key that encrypts them, if there is one; actions of S3 mean nothing on a key."""
    return Output.all(objects, store.encryption_key).apply(lambda found: [arn for arn in found if arn])
