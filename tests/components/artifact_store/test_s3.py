from __future__ import annotations

import pytest
from pydantic import ValidationError

from components.artifact_store.contract import S3Spec
from components.artifact_store.s3 import S3ArtifactStore
from components.base import Tier
from tests.harness.recorded import PLACES, Recorded, deploy, statements


def store(tier: Tier = Tier.DEV, **spec: int) -> Recorded:
    """An environment's store."""
    return deploy(lambda opts: S3ArtifactStore("artifacts", S3Spec(**spec), place=PLACES[tier], opts=opts))


def test_superseded_artifacts_can_be_recovered() -> None:
    """The bucket is versioned, and old versions are kept as long as the spec says."""
    graph = store(noncurrent_expiration_days=30)
    kept = graph.all("BucketLifecycleConfiguration")["artifacts"]
    rules = {rule["id"]: rule for rule in kept.inputs["rules"]}

    assert {"status": "Enabled"} == graph.all("BucketVersioning")["artifacts"].inputs["versioningConfiguration"]
    assert {"noncurrentDays": 30} == rules["superseded"]["noncurrentVersionExpiration"]
    assert {"daysAfterInitiation": 7} == rules["unfinished"]["abortIncompleteMultipartUpload"]


def test_current_objects_never_expire() -> None:
    """A pin may name any digest of its history, so nothing current is removed by age."""
    rules = store().all("BucketLifecycleConfiguration")["artifacts"].inputs["rules"]

    assert [{"expiredObjectDeleteMarker": True}] == [rule["expiration"] for rule in rules if "expiration" in rule]


@pytest.mark.parametrize("name", ["artifacts", "artifacts-logs"])
def test_nobody_outside_reaches_it(name: str) -> None:
    """All four blocks of public access are on, and access lists are off; of the access log, too."""
    graph = store()
    blocked = dict(graph.all("BucketPublicAccessBlock")[name].inputs)
    bucket = blocked.pop("bucket")

    assert f"${{aws:s3/bucket:Bucket::{name}.id}}" == bucket
    expected = {"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}
    assert dict.fromkeys(expected, True) == blocked
    assert {"objectOwnership": "BucketOwnerEnforced"} == graph.all("BucketOwnershipControls")[name].inputs["rule"]


def test_objects_are_encrypted_with_a_key_of_its_own() -> None:
    """A rotating customer key encrypts, through a bucket key, and a caller cannot bring another key."""
    graph = store()
    (rule,) = graph.all("BucketServerSideEncryptionConfiguration")["artifacts"].inputs["rules"]

    expected = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "${aws:kms/key:Key::artifacts.arn}"}
    assert expected == rule["applyServerSideEncryptionByDefault"]
    assert (True, ["SSE-C"]) == (rule["bucketKeyEnabled"], rule["blockedEncryptionTypes"])
    assert graph["Key"].inputs["enableKeyRotation"]


def test_who_asked_for_what_is_recorded() -> None:
    """The log service writes to the bucket beside it, for this account only, and what it wrote goes after a year."""
    graph = store()
    logging = graph["BucketLogging"]
    allowed = statements(graph.all("BucketPolicy")["artifacts-logs"])["AccessLogs"]
    (rule,) = graph.all("BucketLifecycleConfiguration")["artifacts-logs"].inputs["rules"]

    assert "${aws:s3/bucket:Bucket::artifacts.id}" == logging.inputs["bucket"]
    assert "${aws:s3/bucket:Bucket::artifacts-logs.id}" == logging.inputs["targetBucket"]
    assert {"Service": "logging.s3.amazonaws.com"} == allowed["Principal"]
    assert {"StringEquals": {"aws:SourceAccount": "111122223333"}} == allowed["Condition"]
    assert {"days": 365} == rule["expiration"]


def test_plain_http_and_old_tls_are_denied() -> None:
    """The policy denies everybody everything over plain HTTP or a TLS below 1.2, and allows nobody anything."""
    found = statements(store().all("BucketPolicy")["artifacts"])

    arn = "${aws:s3/bucket:Bucket::artifacts.arn}"
    assert {"Deny"} == {statement["Effect"] for statement in found.values()}
    assert [[arn, f"{arn}/*"]] * 2 == [statement["Resource"] for statement in found.values()]
    assert {"Bool": {"aws:SecureTransport": "false"}} == found["PlainHttp"]["Condition"]
    assert {"NumericLessThan": {"s3:TlsVersion": "1.2"}} == found["OldTls"]["Condition"]


@pytest.mark.parametrize(("tier", "goes"), [(Tier.DEV, True), (Tier.STAGING, False), (Tier.PROD, False)])
def test_data_goes_with_dev_only(tier: Tier, goes: bool) -> None:
    """Bucket and key are protected outside dev; a dev bucket is emptied when it is deleted."""
    graph = store(tier)

    assert {goes} == {item.inputs["forceDestroy"] for item in graph.all("Bucket").values()}
    assert (7 if goes else 30) == graph["Key"].inputs["deletionWindowInDays"]
    kept = {item.type.rsplit(":", 1)[1] for item in graph.managed if item.protect}
    assert (set[str]() if goes else {"Bucket", "Key"}) == kept


def test_its_name_says_whose_it_is() -> None:
    """Bucket names are shared by all accounts of the world, so this one holds the account."""
    assert "acme-prod-artifacts-111122223333" == store(Tier.PROD).all("Bucket")["artifacts"].inputs["bucket"]


def test_it_promises_its_address_and_its_key() -> None:
    """What others get is the URI without a trailing slash, and the ARN of the key."""
    promised = store()["S3ArtifactStore"].outputs

    expected = {
        "uri": "s3://${aws:s3/bucket:Bucket::artifacts.id}",
        "encryption_key": "${aws:kms/key:Key::artifacts.arn}",
    }
    assert expected == promised


@pytest.mark.parametrize("days", [0, -1])
def test_a_bucket_without_recovery_is_refused(days: int) -> None:
    """Versions are kept for a day at least."""
    with pytest.raises(ValidationError):
        S3Spec(noncurrent_expiration_days=days)
