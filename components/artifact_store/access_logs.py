"""Who asked a bucket for what, in a bucket beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi_aws import s3

from components.artifact_store.private_bucket import private_bucket

if TYPE_CHECKING:
    from components.base import AwsPlace, OutputsT
    from components.component import Component


def record_access(owner: Component[OutputsT], name: str, place: AwsPlace, bucket: s3.Bucket, days: int) -> None:
    """Write the access log of a bucket to `<its name>-logs`, and keep it for some days.

    The log bucket is encrypted by a key of S3: the log service writes to no bucket whose default is a customer key
    (docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html).
    """
    logs, policy = private_bucket(owner, f"{name}-logs", place, lambda arn: [_delivery(arn, place)])
    s3.BucketServerSideEncryptionConfiguration(
        f"{name}-logs",
        bucket=logs.id,
        rules=[
            {
                "apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"},
                "blocked_encryption_types": ["SSE-C"],
            }
        ],
        opts=owner.child,
    )
    versioned = s3.BucketVersioning(
        f"{name}-logs", bucket=logs.id, versioning_configuration={"status": "Enabled"}, opts=owner.child
    )
    s3.BucketLifecycleConfiguration(
        f"{name}-logs",
        bucket=logs.id,
        rules=[
            {
                "id": "old",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": days},
                "noncurrent_version_expiration": {"noncurrent_days": 7},
            }
        ],
        opts=owner.child_with(depends_on=[versioned]),
    )
    s3.BucketLogging(
        name,
        bucket=bucket.id,
        target_bucket=logs.id,
        target_prefix=f"{name}/",
        opts=owner.child_with(depends_on=[policy]),
    )


def _delivery(arn: str, place: AwsPlace) -> dict[str, Any]:
    """Let the log service write for buckets of this account only."""
    return {
        "Sid": "AccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
    }
