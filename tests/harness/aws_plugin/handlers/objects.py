"""Objects in Amazon S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tests.harness.aws_plugin.handlers.base import Given, Handler

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class BucketObject(Handler):
    type = "s3/bucketObjectv2:BucketObjectv2"
    replaces = frozenset({"bucket", "key"})

    def create(self, aws: Cloud, given: Given) -> str:
        self._put(aws, given)
        return f"{given['bucket']}/{given['key']}"

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        bucket, _, key = id_.partition("/")
        live = aws.s3.get_object(Bucket=bucket, Key=key)
        return {
            "bucket": bucket,
            "key": key,
            "content": live["Body"].read().decode(),
            "contentType": live["ContentType"],
            "serverSideEncryption": live.get("ServerSideEncryption"),
            "kmsKeyId": live.get("SSEKMSKeyId"),
            "arn": f"arn:aws:s3:::{id_}",
            "etag": live["ETag"].strip('"'),
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self._put(aws, given)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        bucket, _, key = id_.partition("/")
        for found in aws.s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key):
            for item in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
                aws.s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])

    def _put(self, aws: Cloud, given: Given) -> None:
        asked = given.only(
            "bucket", "key", "contentType", "serverSideEncryption", Body="content", SSEKMSKeyId="kmsKeyId"
        )
        aws.s3.put_object(**asked, Tagging=urlencode(given.tags))
