"""The template: state, its key, GitHub's OIDC provider, two roles and what bounds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.bootstrap.boundary import boundary, iam, preview_rights, state_bucket

if TYPE_CHECKING:
    from components.base import AwsPlace
    from pipelines.hosts.github import Repository

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"
APPLY_HOURS, PREVIEW_HOURS = 4, 1
NONCURRENT_DAYS = 365
"""Days that a superseded state is kept."""
STATE_KEY = {"Fn::GetAtt": ["StateKey", "Arn"]}
KEEP = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


def template(place: AwsPlace, platform: Repository, *, make_provider: bool) -> dict[str, Any]:
    """Return the template of an environment.

    Args:
        place: The environment.
        platform: The repository whose jobs apply it.
        make_provider: Whether the account has no OIDC provider of GitHub yet; a parameter says otherwise.
    """
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What the first `pulumi up` of {place.environment} needs in account {place.account}",
        "Parameters": {
            "OidcProvider": {
                "Type": "String",
                "AllowedValues": ["create", "existing"],
                "Default": "create" if make_provider else "existing",
                "Description": "An account has one OIDC provider of GitHub: create it, or use the one that is there.",
            }
        },
        "Conditions": {"MakeProvider": {"Fn::Equals": [{"Ref": "OidcProvider"}, "create"]}},
        "Resources": {**_state(place), **_identities(place, platform)},
        "Outputs": _outputs(place),
    }


def _state(place: AwsPlace) -> dict[str, Any]:
    return {
        "StateKey": {"Type": "AWS::KMS::Key", **KEEP, "Properties": _key(place)},
        "StateKeyAlias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": _alias(place), "TargetKeyId": {"Ref": "StateKey"}},
        },
        "StateBucket": {"Type": "AWS::S3::Bucket", **KEEP, "Properties": _bucket(place)},
        "StateBucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "StateBucket"}, "PolicyDocument": _tls_only(place)},
        },
    }


def _key(place: AwsPlace) -> dict[str, Any]:
    owner = {"Sid": "AccountDecides", "Effect": "Allow", "Principal": {"AWS": f"{iam(place)}:root"}}
    return {
        "Description": f"State of {place.environment}, and the secrets in it",
        "EnableKeyRotation": True,
        "PendingWindowInDays": 30,
        "KeyPolicy": {"Version": "2012-10-17", "Statement": [{**owner, "Action": "kms:*", "Resource": "*"}]},
    }


def _bucket(place: AwsPlace) -> dict[str, Any]:
    everything = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    kept = {
        "Id": "superseded-states",
        "Status": "Enabled",
        "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": STATE_KEY}
    return {
        "BucketName": state_bucket(place),
        "VersioningConfiguration": {"Status": "Enabled"},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": encryption, "BucketKeyEnabled": True}
            ]
        },
        "PublicAccessBlockConfiguration": dict.fromkeys(everything, True),
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "LifecycleConfiguration": {"Rules": [kept]},
    }


def _tls_only(place: AwsPlace) -> dict[str, Any]:
    arn = f"arn:{place.partition}:s3:::{state_bucket(place)}"
    refusal = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, f"{arn}/*"]}
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "NoPlainHttp", **refusal, "Condition": plain},
            {"Sid": "NoOldTls", **refusal, "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
        ],
    }


def _identities(place: AwsPlace, platform: Repository) -> dict[str, Any]:
    branch = f"refs/heads/{platform.default_branch}"
    applying = _trust(place, platform, f"environment:{place.environment}", environment=place.environment, ref=branch)
    applies = f"Applies {place.environment} from {platform.full_name}"
    looks = {"PolicyName": "preview", "PolicyDocument": preview_rights(place, STATE_KEY)}
    return {
        "GithubProvider": {
            "Type": "AWS::IAM::OIDCProvider",
            "Condition": "MakeProvider",
            **KEEP,
            "Properties": {"Url": f"https://{ISSUER}", "ClientIdList": [AUDIENCE]},
        },
        "Boundary": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": f"{place.prefix}-boundary",
                "Description": f"The most that anybody of {place.environment} may do",
                "PolicyDocument": boundary(place, STATE_KEY),
            },
        },
        "ApplyRole": _role(
            place, "apply", applies, applying, APPLY_HOURS, {"ManagedPolicyArns": [{"Ref": "Boundary"}]}
        ),
        "PreviewRole": _role(
            place,
            "preview",
            f"Looks at {place.environment} from {platform.full_name}",
            _trust(place, platform, f"ref:{branch}", ref=branch),
            PREVIEW_HOURS,
            {"Policies": [looks]},
        ),
    }


def _role(
    place: AwsPlace, name: str, description: str, trust: dict[str, Any], hours: int, rights: dict[str, Any]
) -> dict[str, Any]:
    properties = {
        "RoleName": f"{place.prefix}-{name}",
        "Description": description,
        "AssumeRolePolicyDocument": trust,
        "MaxSessionDuration": hours * 3600,
        "PermissionsBoundary": {"Ref": "Boundary"},
        **rights,
    }
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _trust(place: AwsPlace, platform: Repository, job: str, **claims: str) -> dict[str, Any]:
    """Trust exactly one kind of job of one repository, by ids that never change hands."""
    immutable = f"repo:{platform.owner}@{platform.owner_id}/{platform.name}@{platform.repository_id}:{job}"
    legacy = [f"repo:{platform.full_name}:{job}"] if platform.legacy_subject else []
    expected = {
        "aud": AUDIENCE,
        "sub": [immutable, *legacy],
        "repository_id": str(platform.repository_id),
        **claims,
    }
    statement = {
        "Sid": "JobsOfThePlatform",
        "Effect": "Allow",
        "Principal": {"Federated": f"{iam(place)}:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{ISSUER}:{claim}": value for claim, value in expected.items()}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _outputs(place: AwsPlace) -> dict[str, Any]:
    said = {
        "StateBackend": ("For `pulumi login`", f"s3://{state_bucket(place)}?region={place.region}"),
        "SecretsProvider": (
            "For `pulumi stack init --secrets-provider`",
            f"awskms://{_alias(place)}?region={place.region}",
        ),
        "ApplyRoleArn": ("For jobs that run `pulumi up`", {"Fn::GetAtt": ["ApplyRole", "Arn"]}),
        "PreviewRoleArn": ("For jobs that run `pulumi preview`", {"Fn::GetAtt": ["PreviewRole", "Arn"]}),
        "BoundaryArn": ("Every role of the environment has to carry it", place.boundary_arn),
    }
    return {name: {"Description": told, "Value": value} for name, (told, value) in said.items()}


def _alias(place: AwsPlace) -> str:
    return f"alias/{place.prefix}-state"
