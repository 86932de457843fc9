"""What the pods of the tracker may do in AWS: their part, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness.recorded import statements
from tests.harness.tracker import options, tracker

if TYPE_CHECKING:
    from components.recording import RecordedResource

POLICY = "aws:iam/rolePolicy:RolePolicy experiment-tracker"
SECRET = "aws:secretsmanager/secret:Secret experiment-tracker-mlflow"
OWN = "${aws:secretsmanager/secret:Secret::experiment-tracker-mlflow.arn}"
SHARED = "${aws:secretsmanager/secret:Secret::experiment-tracker-mlflow-projects.arn}"


def allowed(graph: dict[str, RecordedResource], role: str) -> dict[str, tuple[list[str], Any]]:
    """What a role may do: statement -> actions and resources."""
    found = statements(graph[f"{POLICY}-{role}"])
    return {sid: (one["Action"], one["Resource"]) for sid, one in found.items()}


def test_the_server_may_use_its_prefix_and_read_its_own_secret() -> None:
    """It lists, reads, writes and deletes below its prefix only; it cannot read the administrator's secret."""
    graph = tracker()
    found = allowed(graph, "server")

    assert {"ReadItsSecret", "UseItsArtifacts", "ListItsArtifacts"} == set(found)
    assert (["secretsmanager:GetSecretValue", "kms:Decrypt"], [OWN, "secrets-encryption_key"]) == found["ReadItsSecret"]
    assert ["arn:aws:s3:::acme-dev-artifacts/mlflow/*", "artifact_store-encryption_key"] == found["UseItsArtifacts"][1]
    assert (["s3:ListBucket"], "arn:aws:s3:::acme-dev-artifacts") == found["ListItsArtifacts"]
    listed = statements(graph[f"{POLICY}-server"])["ListItsArtifacts"]["Condition"]
    assert {"StringLike": {"s3:prefix": "mlflow/*"}} == listed


def test_a_store_that_is_a_prefix_itself_is_kept_to() -> None:
    """`s3://shared/ml` is a part of a bucket: the server stays inside its part of the part."""
    graph = tracker(artifact_store={"uri": "s3://shared/ml"})
    found = statements(graph[f"{POLICY}-server"])

    assert "arn:aws:s3:::shared/ml/mlflow/*" == found["UseItsArtifacts"]["Resource"][0]
    assert "arn:aws:s3:::shared" == found["ListItsArtifacts"]["Resource"]
    assert {"s3:prefix": "ml/mlflow/*"} == found["ListItsArtifacts"]["Condition"]["StringLike"]
    assert "s3://shared/ml/mlflow" == options(graph)["--artifacts-destination"]


def test_only_the_setup_may_read_the_administrators_secret() -> None:
    """It reads that one, and fills the two that are the tracker's."""
    found = allowed(tracker(), "setup")

    assert {"ReadTheAdministratorsSecret", "FillItsSecrets"} == set(found)
    assert ["database-admin_secret", "database-admin_secret_key_arn"] == found["ReadTheAdministratorsSecret"][1]
    assert "secretsmanager:PutSecretValue" not in found["ReadTheAdministratorsSecret"][0]
    assert [OWN, SHARED, "secrets-encryption_key"] == found["FillItsSecrets"][1]


def test_without_keys_of_ones_own_no_key_is_named() -> None:
    """Where AWS's own keys encrypt, rights name secrets and objects only."""
    none = {"encryption_key": None}
    graph = tracker(secrets=none, artifact_store=none, database={"admin_secret_key_arn": None})
    resources = [
        one["Resource"] for role in ("server", "setup") for one in statements(graph[f"{POLICY}-{role}"]).values()
    ]

    assert [
        [OWN],
        ["arn:aws:s3:::acme-dev-artifacts/mlflow/*"],
        "arn:aws:s3:::acme-dev-artifacts",
        ["database-admin_secret"],
        [OWN, SHARED],
    ] == resources
    assert "kmsKeyId" not in graph[SECRET].inputs
