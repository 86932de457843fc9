"""Amazon S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness.aws_plugin.cloud import GoneError
from tests.harness.aws_plugin.handlers.base import Given, Handler, Names

if TYPE_CHECKING:
    from tests.harness.aws_plugin.cloud import Cloud


class Bucket(Handler):
    type = "s3/bucket:Bucket"
    named = "bucket"
    later = frozenset({"forceDestroy"})

    def create(self, aws: Cloud, given: Given) -> str:
        name = given.physical("bucket", "bucketPrefix")
        where = {} if aws.region == "us-east-1" else {"LocationConstraint": aws.region}
        aws.s3.create_bucket(Bucket=name, **({"CreateBucketConfiguration": where} if where else {}))
        self._tag(aws, name, given)
        return name

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        aws.s3.head_bucket(Bucket=id_)
        tags = (
            {tag["Key"]: tag["Value"] for tag in aws.s3.get_bucket_tagging(Bucket=id_)["TagSet"]} if given.tags else {}
        )
        return {
            "bucket": id_,
            "arn": f"arn:aws:s3:::{id_}",
            "bucketDomainName": f"{id_}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{id_}.s3.{aws.region}.amazonaws.com",
            "tagsAll": tags,
        }

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self._tag(aws, id_, given)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        if given.get("forceDestroy"):
            for found in aws.s3.get_paginator("list_object_versions").paginate(Bucket=id_):
                for item in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]:
                    aws.s3.delete_object(Bucket=id_, Key=item["Key"], VersionId=item["VersionId"])
        aws.s3.delete_bucket(Bucket=id_)

    def _tag(self, aws: Cloud, id_: str, given: Given) -> None:
        if given.tags:
            aws.s3.put_bucket_tagging(Bucket=id_, Tagging={"TagSet": aws.tag_list(given.tags)})


class Setting(Handler):
    """A setting of a bucket that is put, got and deleted as a whole."""

    call: str
    """Last part of the names of its calls."""
    argument: str
    """Of the call that puts it."""
    names = Names()
    replaces = frozenset({"bucket"})

    def to_aws(self, given: Given) -> Any:
        """Return the setting as AWS takes it."""
        raise NotImplementedError

    def from_aws(self, live: Any, given: Given) -> dict[str, Any]:
        """Return the inputs as they are now."""
        raise NotImplementedError

    def create(self, aws: Cloud, given: Given) -> str:
        bucket = given["bucket"]
        getattr(aws.s3, f"put_{self.call}")(Bucket=bucket, **{self.argument: self.to_aws(given)})
        return bucket

    def read(self, aws: Cloud, id_: str, given: Given) -> dict[str, Any]:
        live = getattr(aws.s3, f"get_{self.call}")(Bucket=id_)
        return {"bucket": id_, **self.from_aws(live, given)}

    def update(self, aws: Cloud, id_: str, given: Given, changed: set[str]) -> None:
        self.create(aws, given)

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        getattr(aws.s3, f"delete_{self.call}")(Bucket=id_)


class BucketVersioning(Setting):
    type = "s3/bucketVersioning:BucketVersioning"
    call, argument = "bucket_versioning", "VersioningConfiguration"

    def to_aws(self, given: Given) -> Any:
        return self.names.to_aws(given["versioningConfiguration"])

    def from_aws(self, live: Any, given: Given) -> dict[str, Any]:
        return {"versioningConfiguration": self.names.from_aws(live, given["versioningConfiguration"])}

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.s3.put_bucket_versioning(Bucket=id_, VersioningConfiguration={"Status": "Suspended"})


class BucketServerSideEncryptionConfiguration(Setting):
    type = "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    call, argument = "bucket_encryption", "ServerSideEncryptionConfiguration"
    names = Names("blockedEncryptionTypes", sseAlgorithm="SSEAlgorithm", kmsMasterKeyId="KMSMasterKeyID")

    def to_aws(self, given: Given) -> Any:
        rules = self.names.to_aws(given["rules"])
        for rule in rules:
            if "BlockedEncryptionTypes" in rule:
                rule["BlockedEncryptionTypes"] = {"EncryptionType": rule["BlockedEncryptionTypes"]}
        return {"Rules": rules}

    def from_aws(self, live: Any, given: Given) -> dict[str, Any]:
        return {"rules": self.names.from_aws(live[self.argument]["Rules"], given["rules"])}


class BucketPublicAccessBlock(Setting):
    type = "s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    argument = "PublicAccessBlockConfiguration"
    call = "public_access_block"
    parts = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")

    def to_aws(self, given: Given) -> Any:
        return given.only(*self.parts)

    def from_aws(self, live: Any, given: Given) -> dict[str, Any]:
        return self.names.from_aws(live[self.argument], dict.fromkeys(self.parts))


class BucketOwnershipControls(Setting):
    type = "s3/bucketOwnershipControls:BucketOwnershipControls"
    call = "bucket_ownership_controls"
    argument = "OwnershipControls"

    def to_aws(self, given: Given) -> Any:
        return {"Rules": [self.names.to_aws(given["rule"])]}

    def from_aws(self, live: Any, given: Given) -> dict[str, Any]:
        return {"rule": self.names.from_aws(live[self.argument]["Rules"][0], given["rule"])}


class BucketPolicy(Setting):
    type = "s3/bucketPolicy:BucketPolicy"
    call, argument = "bucket_policy", "Policy"

    def to_aws(self, given: Given) -> Any:
        return given["policy"]

    def from_aws(self, live: Any, given: Given) -> dict[str, Any]:
        return {"policy": live["Policy"]}


class BucketLifecycleConfiguration(Setting):
    type = "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    call, argument = "bucket_lifecycle_configuration", "LifecycleConfiguration"
    names = Names(id="ID")

    def to_aws(self, given: Given) -> Any:
        return {"Rules": self.names.to_aws(given["rules"])}

    def from_aws(self, live: Any, given: Given) -> dict[str, Any]:
        return {"rules": self.names.from_aws(live["Rules"], given["rules"])}

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.s3.delete_bucket_lifecycle(Bucket=id_)


class BucketLogging(Setting):
    type = "s3/bucketLogging:BucketLogging"
    call, argument = "bucket_logging", "BucketLoggingStatus"

    def to_aws(self, given: Given) -> Any:
        return {"LoggingEnabled": given.only("targetBucket", "targetPrefix")}

    def from_aws(self, live: Any, given: Given) -> dict[str, Any]:
        if "LoggingEnabled" not in live:
            raise GoneError(self.type)
        return self.names.from_aws(live["LoggingEnabled"], dict.fromkeys(("targetBucket", "targetPrefix")))

    def delete(self, aws: Cloud, id_: str, given: Given) -> None:
        aws.s3.put_bucket_logging(Bucket=id_, BucketLoggingStatus={})
