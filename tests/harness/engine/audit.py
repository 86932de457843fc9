"""What an auditor asks an account, by boto3: each check returns what it finds, and an account in order has nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from pipelines.plan.access import Principal, Request, decide
from tests.harness.aws_plugin.cloud import Cloud, is_gone
from tests.harness.aws_plugin.inventory import live_keys

Check = Callable[[Cloud], Iterator[str]]

_WORLD = ("0.0.0.0/0", "::/0")


def public_buckets(aws: Cloud) -> Iterator[str]:
    """Yield the buckets that could be made public."""
    for bucket in _buckets(aws):
        block = _or_nothing(aws.s3.get_public_access_block, bucket).get("PublicAccessBlockConfiguration", {})
        if len(block) < 4 or not all(block.values()):
            yield bucket


def buckets_by_plain_http(aws: Cloud) -> Iterator[str]:
    """Yield the buckets that do not deny what is asked for without TLS."""
    for bucket in _buckets(aws):
        policy = _or_nothing(aws.s3.get_bucket_policy, bucket).get("Policy")
        asked = Request(
            action="s3:GetObject",
            resource=f"arn:aws:s3:::{bucket}/key",
            principal=Principal("AWS", f"arn:aws:iam::{aws.account}:role/anybody"),
            context={"aws:SecureTransport": "false"},
        )
        if not policy or not decide([policy], asked).because.startswith("denied"):
            yield bucket


def unencrypted_buckets(aws: Cloud) -> Iterator[str]:
    """Yield the buckets that encrypt by no key at all."""
    for bucket in _buckets(aws):
        found = _or_nothing(aws.s3.get_bucket_encryption, bucket).get("ServerSideEncryptionConfiguration", {})
        if not found.get("Rules"):
            yield bucket


def unversioned_buckets(aws: Cloud) -> Iterator[str]:
    """Yield the buckets in which an object can be lost by overwriting it."""
    return (name for name in _buckets(aws) if aws.s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled")


def keys_that_never_change(aws: Cloud) -> Iterator[str]:
    """Yield the keys that could rotate and do not."""
    for key in live_keys(aws):
        id_ = key["KeyId"]
        if key["KeySpec"] == "SYMMETRIC_DEFAULT" and not _rotates(aws, id_):
            yield id_


def exposed_databases(aws: Cloud) -> Iterator[str]:
    """Yield the databases that are public, in the clear, or one call away from being gone."""
    for database in aws.rds.describe_db_instances()["DBInstances"]:
        safe = database["StorageEncrypted"] and database["DeletionProtection"] and not database["PubliclyAccessible"]
        if not safe:
            yield database["DBInstanceIdentifier"]


def groups_open_to_the_world(aws: Cloud) -> Iterator[str]:
    """Yield the security groups that let everybody in."""
    for group in groups_of_ours(aws):
        ranges = [part for rule in group["IpPermissions"] for part in (*rule["IpRanges"], *rule.get("Ipv6Ranges", ()))]
        if any(part.get("CidrIp", part.get("CidrIpv6")) in _WORLD for part in ranges):
            yield group["GroupId"]


def default_groups_that_let_through(aws: Cloud) -> Iterator[str]:
    """Yield the default security groups with any rule."""
    for group in groups_of_ours(aws):
        if group["GroupName"] == "default" and (group["IpPermissions"] or group["IpPermissionsEgress"]):
            yield group["GroupId"]


def mutable_repositories(aws: Cloud) -> Iterator[str]:
    """Yield the image repositories in which a tag can move, or that nobody scans."""
    for repository in aws.ecr.describe_repositories()["repositories"]:
        scanned = repository["imageScanningConfiguration"]["scanOnPush"]
        if repository["imageTagMutability"] != "IMMUTABLE" or not scanned:
            yield repository["repositoryName"]


def topics_in_the_clear(aws: Cloud) -> Iterator[str]:
    """Yield the topics without a key."""
    for topic in aws.sns.list_topics()["Topics"]:
        if not aws.sns.get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"].get("KmsMasterKeyId"):
            yield topic["TopicArn"]


def logs_kept_for_ever(aws: Cloud) -> Iterator[str]:
    """Yield the log groups without an end."""
    groups = aws.logs.describe_log_groups()["logGroups"]
    return (group["logGroupName"] for group in groups if "retentionInDays" not in group)


def roles_for_everybody(aws: Cloud) -> Iterator[str]:
    """Yield the roles whose trust names no one in particular."""
    for role in aws.iam.list_roles()["Roles"]:
        principals = [statement["Principal"] for statement in role["AssumeRolePolicyDocument"]["Statement"]]
        if any("*" in json.dumps(principal) for principal in principals):
            yield role["RoleName"]


def _buckets(aws: Cloud) -> list[str]:
    return [bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"]]


def groups_of_ours(aws: Cloud) -> list[dict[str, Any]]:
    """Return the security groups of every network but the one that a new account has."""
    ours = {vpc["VpcId"] for vpc in aws.ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]}
    return [group for group in aws.ec2.describe_security_groups()["SecurityGroups"] if group["VpcId"] in ours]


def _rotates(aws: Cloud, key: str) -> bool:
    return aws.kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]


def _or_nothing(ask: Callable[..., dict[str, Any]], bucket: str) -> dict[str, Any]:
    try:
        return ask(Bucket=bucket)
    except ClientError as error:
        if is_gone(error):
            return {}
        raise
