"""What is lost with a resource that holds data, and cannot be made again by another `up`."""

from __future__ import annotations

from collections.abc import Mapping

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
}
"""Type -> what goes with it."""
