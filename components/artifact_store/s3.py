"""An artifact store in Amazon S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import s3

from components.artifact_store.access_logs import record_access
from components.artifact_store.contract import ArtifactStoreOutputs, S3Spec
from components.artifact_store.private_bucket import private_bucket
from components.aws_key import customer_key
from components.component import Component

if TYPE_CHECKING:
    from components.base import AwsPlace
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.ingress.contract import IngressOutputs


class S3ArtifactStore(Component[ArtifactStoreOutputs]):
    """A private, versioned, encrypted S3 bucket, `<organization>-<environment>-<name>-<account>`, and its key.

    Who asked for what is written to a bucket of its own, `…-logs-<account>`. It grants nobody anything: each role
    that reads or writes has a policy of its own.
    """

    def __init__(
        self,
        name: str,
        spec: S3Spec,
        *,
        place: AwsPlace,
        services: ClusterServicesOutputs | None = None,
        ingress: IngressOutputs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, services, ingress)
        key = customer_key(self, name, place, deletion_days=spec.key_deletion_days)
        bucket, _ = private_bucket(self, name, place)
        self._encrypt(name, bucket, key.arn)
        self._keep(name, bucket, spec)
        record_access(self, name, place, bucket, spec.access_log_days)
        self.outputs = self.promise(
            ArtifactStoreOutputs(
                uri=pulumi.Output.concat("s3://", bucket.id),
                encryption_key=key.arn,
                endpoint=pulumi.Output.from_input(None),
                endpoint_inside=pulumi.Output.from_input(None),
                region=pulumi.Output.from_input(None),
                users_namespace=None,
                credentials_secret=None,
            )
        )

    def _encrypt(self, name: str, bucket: s3.Bucket, key_arn: pulumi.Output[str]) -> None:
        s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": key_arn,
                    },
                    "bucket_key_enabled": True,
                    "blocked_encryption_types": ["SSE-C"],
                }
            ],
            opts=self.child,
        )

    def _keep(self, name: str, bucket: s3.Bucket, spec: S3Spec) -> None:
        versioned = s3.BucketVersioning(
            name, bucket=bucket.id, versioning_configuration={"status": "Enabled"}, opts=self.child
        )
        s3.BucketLifecycleConfiguration(
            name,
            bucket=bucket.id,
            rules=[
                {
                    "id": "superseded",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": spec.noncurrent_expiration_days},
                    "expiration": {"expired_object_delete_marker": True},
                },
                {
                    "id": "unfinished",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": spec.abort_incomplete_upload_days},
                },
            ],
            opts=self.child_with(depends_on=[versioned]),
        )
