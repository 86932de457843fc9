"""What is lost with a resource that holds data, and cannot be made again by another `up`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.plan.graph import GraphResource

STATEFUL: Mapping[str, str] = {
    "aws:backup/vault:Vault": "its recovery points",
    "aws:cloudwatch/logGroup:LogGroup": "its log",
    "aws:dynamodb/table:Table": "its items",
    "aws:ebs/volume:Volume": "its files",
    "aws:ecr/repository:Repository": "its images",
    "aws:efs/fileSystem:FileSystem": "its files",
    "aws:eks/cluster:Cluster": "every object and claimed volume in it",
    "aws:kms/key:Key": "the key to all that it encrypts",
    "aws:rds/cluster:Cluster": "its databases",
    "aws:rds/instance:Instance": "its databases",
    "aws:s3/bucket:Bucket": "its objects",
    "aws:s3/bucketV2:BucketV2": "its objects",
    "aws:sagemaker/mlflowTrackingServer:MlflowTrackingServer": "its runs and registered models",
    "aws:secretsmanager/secret:Secret": "its value",
    "kubernetes:apps/v1:StatefulSet": "the claims of its pods, where it deletes them",
    "kubernetes:core/v1:Namespace": "every object and claimed volume in it",
    "kubernetes:core/v1:PersistentVolume": "its files",
    "kubernetes:core/v1:PersistentVolumeClaim": "its files",
    "kubernetes:postgresql.cnpg.io/v1:Cluster": "its databases",
    "tls:index/privateKey:PrivateKey": "the key, and all that only it can prove",
}
"""Type -> what goes with it. Volumes of a release are claims that stay when it goes; they go with their namespace."""

_VALUES = "kubernetes:core/v1:Secret"


def lost_with(resource: GraphResource) -> str | None:
    """Return what is lost with a resource, or nothing."""
    if resource.type == _VALUES and not resource.inputs.keys() & {"data", "stringData"}:
        return "the values that others put there"
    return STATEFUL.get(resource.type)
