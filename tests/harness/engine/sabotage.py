"""How to spoil an account by hand, one row for each check of the auditor; each row puts back what it spoilt."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from tests.harness.aws_plugin.cloud import Cloud
from tests.harness.aws_plugin.inventory import live_keys
from tests.harness.engine import audit

Spoil = Callable[[Cloud], contextlib.AbstractContextManager[None]]


def _bucket(aws: Cloud) -> str:
    return next(bucket["Name"] for bucket in aws.s3.list_buckets()["Buckets"])


@contextlib.contextmanager
def open_bucket(aws: Cloud) -> Iterator[None]:
    """Take one of the four blocks away."""
    bucket = _bucket(aws)
    was = aws.s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    aws.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={**was, "BlockPublicPolicy": False})
    yield
    aws.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=was)


@contextlib.contextmanager
def drop_bucket_policy(aws: Cloud) -> Iterator[None]:
    """Delete the policy that insists on TLS."""
    bucket = _bucket(aws)
    was = aws.s3.get_bucket_policy(Bucket=bucket)["Policy"]
    aws.s3.delete_bucket_policy(Bucket=bucket)
    yield
    aws.s3.put_bucket_policy(Bucket=bucket, Policy=was)


@contextlib.contextmanager
def drop_encryption(aws: Cloud) -> Iterator[None]:
    """Encrypt by no key."""
    bucket = _bucket(aws)
    was = aws.s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    aws.s3.delete_bucket_encryption(Bucket=bucket)
    yield
    aws.s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=was)


@contextlib.contextmanager
def suspend_versions(aws: Cloud) -> Iterator[None]:
    """Keep no more versions."""
    bucket = _bucket(aws)
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    yield
    aws.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})


@contextlib.contextmanager
def stop_rotation(aws: Cloud) -> Iterator[None]:
    """Let a key be."""
    key = next(key["KeyId"] for key in live_keys(aws) if key["KeySpec"] == "SYMMETRIC_DEFAULT")
    aws.kms.disable_key_rotation(KeyId=key)
    yield
    aws.kms.enable_key_rotation(KeyId=key)


@contextlib.contextmanager
def unprotect_database(aws: Cloud) -> Iterator[None]:
    """Let the database be deleted."""
    name = aws.rds.describe_db_instances()["DBInstances"][0]["DBInstanceIdentifier"]
    aws.rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=False)
    yield
    aws.rds.modify_db_instance(DBInstanceIdentifier=name, DeletionProtection=True)


@contextlib.contextmanager
def publish_database(aws: Cloud) -> Iterator[None]:
    """Give the database a public address."""
    name = aws.rds.describe_db_instances()["DBInstances"][0]["DBInstanceIdentifier"]
    aws.rds.modify_db_instance(DBInstanceIdentifier=name, PubliclyAccessible=True)
    yield
    aws.rds.modify_db_instance(DBInstanceIdentifier=name, PubliclyAccessible=False)


def _permitted(cidr: str, *, default: bool) -> Spoil:
    """Let somebody into a group: of the world into one of ours, or of the network into the default one."""
    port = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": cidr}]}

    @contextlib.contextmanager
    def spoil(aws: Cloud) -> Iterator[None]:
        groups = [group for group in audit.groups_of_ours(aws) if (group["GroupName"] == "default") is default]
        aws.ec2.authorize_security_group_ingress(GroupId=groups[0]["GroupId"], IpPermissions=[port])
        yield
        aws.ec2.revoke_security_group_ingress(GroupId=groups[0]["GroupId"], IpPermissions=[port])

    return spoil


@contextlib.contextmanager
def move_tags(aws: Cloud) -> Iterator[None]:
    """Let tags of images move."""
    name = aws.ecr.describe_repositories()["repositories"][0]["repositoryName"]
    aws.ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
    yield
    aws.ecr.put_image_tag_mutability(repositoryName=name, imageTagMutability="IMMUTABLE")


@contextlib.contextmanager
def drop_topic_key(aws: Cloud) -> Iterator[None]:
    """Send messages in the clear."""
    arn = aws.sns.list_topics()["Topics"][0]["TopicArn"]
    was = aws.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["KmsMasterKeyId"]
    aws.sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue="")
    yield
    aws.sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId", AttributeValue=was)


@contextlib.contextmanager
def keep_logs(aws: Cloud) -> Iterator[None]:
    """Keep logs for ever."""
    group = aws.logs.describe_log_groups()["logGroups"][0]
    aws.logs.delete_retention_policy(logGroupName=group["logGroupName"])
    yield
    aws.logs.put_retention_policy(logGroupName=group["logGroupName"], retentionInDays=group["retentionInDays"])


@contextlib.contextmanager
def trust_everybody(aws: Cloud) -> Iterator[None]:
    """Let everybody be a role."""
    trust = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}'
    aws.iam.create_role(RoleName="everybody", AssumeRolePolicyDocument=trust)
    yield
    aws.iam.delete_role(RoleName="everybody")


ROWS: list[tuple[audit.Check, Spoil]] = [
    (audit.public_buckets, open_bucket),
    (audit.buckets_by_plain_http, drop_bucket_policy),
    (audit.unencrypted_buckets, drop_encryption),
    (audit.unversioned_buckets, suspend_versions),
    (audit.keys_that_never_change, stop_rotation),
    (audit.exposed_databases, unprotect_database),
    (audit.exposed_databases, publish_database),
    (audit.groups_open_to_the_world, _permitted("0.0.0.0/0", default=False)),
    (audit.default_groups_that_let_through, _permitted("10.0.0.0/8", default=True)),
    (audit.mutable_repositories, move_tags),
    (audit.topics_in_the_clear, drop_topic_key),
    (audit.logs_kept_for_ever, keep_logs),
    (audit.roles_for_everybody, trust_everybody),
]
"""Check of the auditor, and what it has to find."""
