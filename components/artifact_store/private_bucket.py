"""A bucket that nobody outside of the account reaches, and nobody by plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
from pulumi_aws import s3

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from components.base import AwsPlace, OutputsT
    from components.component import Component


def private_bucket(
    owner: Component[OutputsT],
    name: str,
    place: AwsPlace,
    grants: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _: (),
) -> tuple[s3.Bucket, s3.BucketPolicy]:
    """Make `<organization>-<environment>-<name>-<account>`: closed to the public, no ACLs, TLS 1.2 and up.

    Args:
        owner: The component that it belongs to.
        name: Logical name.
        place: Objects go with a `dev` environment; elsewhere the bucket is protected.
        grants: Sequence[Mapping[str, Any]] of its policy that allow something, from the bucket's ARN.
    """
    bucket = s3.Bucket(
        name,
        bucket=f"{place.prefix}-{name}-{place.account}",
        force_destroy=place.disposable,
        opts=owner.child_with(protect=not place.disposable),
    )
    closed = s3.BucketPublicAccessBlock(
        name,
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=owner.child,
    )
    s3.BucketOwnershipControls(
        name, bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}, opts=owner.child
    )
    policy = s3.BucketPolicy(
        name,
        bucket=bucket.id,
        policy=pulumi.Output.json_dumps(bucket.arn.apply(lambda arn: _policy(arn, grants(arn)))),
        opts=owner.child_with(depends_on=[closed]),
    )
    return bucket, policy


def _policy(arn: str, grants: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            _deny("PlainHttp", arn, {"Bool": {"aws:SecureTransport": "false"}}),
            _deny("OldTls", arn, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
            *grants,
        ],
    }


def _deny(sid: str, arn: str, condition: dict[str, dict[str, str]]) -> dict[str, object]:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": condition,
    }
