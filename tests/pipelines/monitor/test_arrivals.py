"""Prediction logs and labels in S3 are read as those in a folder are."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.monitor.arrivals import arrived
from pipelines.monitor.labels import Labels, read_labels
from pipelines.monitor.predictions import read_predictions
from tests.harness.aws import BUCKET, empty_moto_server, point_at, s3_client
from tests.harness.web import free_port

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def uri(monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A prefix in a bucket."""
    with empty_moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        s3_client().create_bucket(Bucket=BUCKET)
        yield f"s3://{BUCKET}/toy/predictions/toy"


def put(uri: str, name: str, content: str) -> None:
    """Put an object below a prefix."""
    s3_client().put_object(Bucket=BUCKET, Key=f"{uri.removeprefix(f's3://{BUCKET}/')}/{name}", Body=content.encode())


def test_what_arrived_in_s3_is_what_arrived_in_a_folder(uri: str, scene, tmp_path: Path) -> None:
    """The same files give the same log and labels; what is deeper, or another model's, is not taken."""
    scene.traffic(50)
    scene.traffic(50)
    for path in [*scene.predictions.iterdir(), *scene.labels.iterdir()]:
        put(uri, path.name, path.read_text())
    put(f"{uri}/deeper", "other.jsonl", "junk")
    put(f"{uri}-2", "other.jsonl", "junk")

    with arrived(uri, ".csv", tmp_path / "l") as labels, arrived(uri, ".jsonl", tmp_path / "p") as predictions:
        known = read_labels(labels)
        found = read_predictions(predictions, DIGEST, known, 1000)
    with arrived(scene.labels.as_uri(), ".csv", tmp_path / "x") as labels:
        assert (known, scene.labels) == (read_labels(labels), labels)

    assert (100, 100) == (found.rows, len(found.labelled))
    assert read_predictions(scene.predictions, DIGEST, known, 1000) == found


def test_nothing_has_arrived_yet(uri: str, tmp_path: Path) -> None:
    """A prefix without objects is a folder without files."""
    with arrived(uri, ".jsonl", tmp_path / "p") as predictions:
        assert 0 == read_predictions(predictions, DIGEST, Labels(), 10).rows


def test_a_line_that_is_wrong_is_named_by_its_address(uri: str, tmp_path: Path) -> None:
    """Nobody is sent to a folder that is gone."""
    put(uri, "one.jsonl", "junk\n")

    with pytest.raises(UserError) as caught, arrived(uri, ".jsonl", tmp_path / "p") as predictions:
        read_predictions(predictions, DIGEST, Labels(), 10)
    assert caught.value.problems[0].startswith(f"{uri}/one.jsonl:1: not JSON")


def test_a_store_that_cannot_be_read_is_one_line(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not look like calm."""
    with pytest.raises(UserError, match="bucket `nowhere` does not exist; check monitoring in the contract"):
        arrived("s3://nowhere/toy", ".jsonl", tmp_path / "p").__enter__()
    point_at(monkeypatch, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(UserError, match="the artifact store cannot be reached"):
        arrived(uri, ".jsonl", tmp_path / "p").__enter__()
