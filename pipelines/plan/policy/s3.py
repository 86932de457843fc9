"""Buckets: private, encrypted, reached by TLS, recoverable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pipelines.plan.graph import Graph, GraphResource
from pipelines.plan.policy.base import Flaw, Policy, beside, inside, items
from pipelines.plan.policy.documents import Statement, statements

BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
LOGGING = "aws:s3/bucketLogging:BucketLogging"

_GUARDS: tuple[str, ...] = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_SOURCE = "AWS Security Hub, S3 controls"
_DATA = "${aws:s3/bucket:Bucket::data.id}"


def _every_bucket(
    type_: str, good: Callable[[GraphResource], bool], said: str, *, of_logs: bool = True
) -> Callable[[Graph], Iterator[Flaw]]:
    def check(graph: Graph) -> Iterator[Flaw]:
        logs = set[str]() if of_logs else _of_logs(graph)
        for bucket in graph.of_type(BUCKET):
            if bucket.urn not in logs and not any(good(other) for other in beside(graph, bucket, type_, "bucket")):
                yield bucket, said

    return check


def _closed(block: GraphResource) -> bool:
    return all(block.inputs.get(guard) is True for guard in _GUARDS)


def _own_key(encryption: GraphResource) -> bool:
    found = [inside(rule, "applyServerSideEncryptionByDefault") for rule in items(encryption.inputs.get("rules"))]
    return any(rule.get("sseAlgorithm") in {"aws:kms", "aws:kms:dsse"} and rule.get("kmsMasterKeyId") for rule in found)


def _kept(versioning: GraphResource) -> bool:
    return inside(versioning.inputs, "versioningConfiguration").get("status") == "Enabled"


def _owned(ownership: GraphResource) -> bool:
    return inside(ownership.inputs, "rule").get("objectOwnership") == "BucketOwnerEnforced"


def _logged(_: GraphResource) -> bool:
    return True


def _of_logs(graph: Graph) -> set[str]:
    """Return the buckets that access logs are written to: no customer key there, and no log of the log."""
    return {bucket.urn for bucket in graph.of_type(BUCKET) if list(beside(graph, bucket, LOGGING, "targetBucket"))}


def _plain_http(graph: Graph) -> Iterator[Flaw]:
    guarded = {policy.urn for policy, statement in statements(graph, {POLICY: "policy"}) if _refuses_http(statement)}
    for bucket in graph.of_type(BUCKET):
        if not any(policy.urn in guarded for policy in beside(graph, bucket, POLICY, "bucket")):
            yield bucket, "answers plain HTTP; deny it in a bucket policy by `aws:SecureTransport`"


def _refuses_http(statement: Statement) -> bool:
    asked = statement.conditions.get("Bool", {}).get("aws:securetransport")
    return not statement.allows and ("AWS", "*") in statement.principals and asked == ("false",)


def _with(type_: str, inputs: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {f"{BUCKET} data": {}, f"{type_} data": {"bucket": _DATA, **inputs}}


def _tls(effect: str, value: str) -> dict[str, Mapping[str, Any]]:
    condition = {"Bool": {"aws:SecureTransport": value}}
    statement = {"Effect": effect, "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}
    return _with(POLICY, {"policy": {"Statement": [statement]}})


_ALL: dict[str, Any] = dict.fromkeys(_GUARDS, True)
_KMS = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:aws:kms:eu-west-1:111122223333:key/k"}

_LOGS = {f"{BUCKET} data": {}, f"{LOGGING} other": {"bucket": "acme-other", "targetBucket": _DATA}}

POLICIES = (
    Policy(
        id="s3-private",
        reason="One mistaken bucket policy or ACL makes everything in the bucket public.",
        source=f"{_SOURCE} S3.1, S3.8",
        check=_every_bucket(BLOCK, _closed, "is not closed to the public; add a public access block with all four set"),
        fires=[{f"{BUCKET} data": {}}, _with(BLOCK, {**_ALL, "blockPublicPolicy": False})],
        holds=[_with(BLOCK, _ALL)],
    ),
    Policy(
        id="s3-own-key",
        reason="Without a key of its own, rights on the bucket are enough to read it, and nothing can revoke them.",
        source=f"{_SOURCE} S3.17",
        check=_every_bucket(
            ENCRYPTION, _own_key, "is not encrypted by a customer key; add one, with `kmsMasterKeyId`", of_logs=False
        ),
        fires=[
            {f"{BUCKET} data": {}},
            _with(ENCRYPTION, {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]}),
        ],
        holds=[_with(ENCRYPTION, {"rules": [{"applyServerSideEncryptionByDefault": _KMS}]}), _LOGS],
    ),
    Policy(
        id="s3-access-logs",
        reason="After a leak nobody can say what was read, or by whom.",
        source=f"{_SOURCE} S3.9",
        check=_every_bucket(LOGGING, _logged, "keeps no access log; add one, to a bucket of its own", of_logs=False),
        fires=[{f"{BUCKET} data": {}}],
        holds=[_with(LOGGING, {"targetBucket": "acme-logs"}), _LOGS],
    ),
    Policy(
        id="s3-tls-only",
        reason="What travels by plain HTTP can be read and changed on the way.",
        source=f"{_SOURCE} S3.5",
        check=_plain_http,
        fires=[{f"{BUCKET} data": {}}, _tls("Allow", "false"), _tls("Deny", "true")],
        holds=[_tls("Deny", "false")],
    ),
    Policy(
        id="s3-versioned",
        reason="An overwritten or deleted object is lost at once.",
        source=f"{_SOURCE} S3.14",
        check=_every_bucket(VERSIONING, _kept, "keeps no versions; add versioning with status `Enabled`"),
        fires=[{f"{BUCKET} data": {}}, _with(VERSIONING, {"versioningConfiguration": {"status": "Suspended"}})],
        holds=[_with(VERSIONING, {"versioningConfiguration": {"status": "Enabled"}})],
    ),
    Policy(
        id="s3-no-acls",
        reason="An object's ACL can grant what no policy of the bucket grants.",
        source=f"{_SOURCE} S3.12",
        check=_every_bucket(OWNERSHIP, _owned, "honours ACLs; set object ownership to `BucketOwnerEnforced`"),
        fires=[{f"{BUCKET} data": {}}, _with(OWNERSHIP, {"rule": {"objectOwnership": "ObjectWriter"}})],
        holds=[_with(OWNERSHIP, {"rule": {"objectOwnership": "BucketOwnerEnforced"}})],
    ),
)
