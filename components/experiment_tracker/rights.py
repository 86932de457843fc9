"""What the pods of the tracker may do in AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pulumi import Output

if TYPE_CHECKING:
    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import AwsPlace
    from components.database.contract import DatabaseOutputs

_READ = ["secretsmanager:GetSecretValue", "kms:Decrypt"]
_WRITE = [*_READ, "secretsmanager:PutSecretValue", "kms:GenerateDataKey"]
_OBJECTS = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
    "kms:Decrypt",
    "kms:GenerateDataKey",
]


def of_the_server(
    place: AwsPlace, store: ArtifactStoreOutputs, prefix: str, secret: Output[str], key: Output[str | None]
) -> list[dict[str, Any]]:
    """Read one secret, and use one prefix of the artifact store."""
    bucket = store.uri.apply(lambda uri: f"arn:{place.partition}:s3:::{_path(uri).partition('/')[0]}")
    objects = store.uri.apply(lambda uri: f"arn:{place.partition}:s3:::{_path(uri)}/{prefix}/*")
    listed = store.uri.apply(lambda uri: f"{_path(uri)}/{prefix}/*".partition("/")[2])
    return [
        _may("ReadItsSecret", _READ, _with_key(key, secret)),
        _may("UseItsArtifacts", _OBJECTS, _with_key(store.encryption_key, objects)),
        _may("ListItsArtifacts", ["s3:ListBucket"], bucket) | {"Condition": {"StringLike": {"s3:prefix": listed}}},
    ]


def of_the_setup(
    database: DatabaseOutputs, secrets: list[Output[str]], key: Output[str | None]
) -> list[dict[str, Any]]:
    """Read the administrator's secret of the database, and fill the tracker's own."""
    admin = _with_key(database.admin_secret_key_arn, database.admin_secret)
    return [
        _may("ReadTheAdministratorsSecret", _READ, admin),
        _may("FillItsSecrets", _WRITE, _with_key(key, *secrets)),
    ]


def _may(sid: str, actions: list[str], resource: object) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def _with_key(key: Output[str | None], *arns: Output[str]) -> Output[list[str]]:
    """Return ARNs and the one of their key, if there is one: whether there is may be known only after an `up`.

    Actions of S3 and Secrets Manager mean nothing on a key, and those of KMS nothing on anything else.
    """
    return Output.all(*arns, key).apply(lambda found: [arn for arn in found if arn])


def _path(uri: str) -> str:
    return uri.removeprefix("s3://")
