"""The same walk where environments are not folders: S3 behind its protocol, and a real MLflow server."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.harness.aws import BUCKET, moto_server, point_at, s3_client
from tests.harness.command import stackwright
from tests.harness.mlflow import mlflow_server
from tests.harness.project import Toy
from tests.harness.web import free_port, serving


@pytest.fixture
def on_s3(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Generator[Toy]:
    """A project whose environments keep their packages in S3."""
    with moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        s3_client().create_bucket(Bucket=BUCKET)
        for name in ("dev", "staging", "prod"):
            store = {"flavor": "s3", "uri": f"s3://{BUCKET}/{name}"}
            toy.edit(f"stack/{name}.json", artifact_store=store)
        toy.commit("move to S3")
        yield toy


def track_at(toy: Toy, environment: str, address: str) -> None:
    """Point an environment at another tracking server."""
    toy.edit(f"stack/{environment}.json", experiment_tracker={"tracking_uri": address})
    toy.commit(f"track at {address}")


def test_a_package_goes_to_prod_through_s3_and_a_real_tracking_server(
    on_s3: Toy, database: Path, tmp_path: Path
) -> None:
    """With staging on a real MLflow server and all packages in S3, every environment ends on the digest built."""
    with mlflow_server(shutil.copy(database, tmp_path / "server.db"), tmp_path) as address:
        track_at(on_s3, "staging", address)
        digest = on_s3.publish(wrong_every=5)
        for environment in ("staging", "prod"):
            on_s3.advance(environment)
        for environment in ("dev", "staging", "prod"):
            said = stackwright("deploy", "--env", environment, "--project", on_s3.root)
            assert (0, "") == (said.code, said.err)
        assert [digest] * 3 == [on_s3.serving(name) for name in ("dev", "staging", "prod")]
        said = stackwright("verify", "--project", on_s3.root)
        assert (0, "3 pins hold\n") == (said.code, said.out)


def test_a_byte_that_changes_in_s3_is_refused_by_name(on_s3: Toy) -> None:
    """A package in S3 that is not what was signed reaches no gate, and the message names the file."""
    digest = on_s3.publish(wrong_every=5)
    key = f"dev/toy/models/sha256/{digest.removeprefix('sha256:')}/model.json"
    s3_client().put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    said = stackwright("gate", "--env", "staging", "--project", on_s3.root)
    assert 1 == said.code
    assert any("model.json" in line for line in said.problems)
    assert not (on_s3.root / "promotions" / "staging").exists()


@pytest.mark.parametrize("answers_500", [True, False], ids=["answers 500", "is not reachable"])
def test_a_registry_that_does_not_work_leaves_the_pin_alone(released: Toy, answers_500: bool) -> None:
    """A promotion ends with one clear line after its retries; once the registry is back it completes."""
    good = (released.root / "stack" / "staging.json").read_text()
    before = released.pin("staging")
    assert 0 == stackwright("gate", "--env", "staging", "--project", released.root).code
    with serving(lambda request: request.reply(500)) as server:
        address = server.url if answers_500 else f"http://127.0.0.1:{free_port()}"
        track_at(released, "staging", address)
        said = stackwright("promote", "--env", "staging", "--project", released.root)
        assert not answers_500 or 1 < len(server.requests)
    assert (1, 1) == (said.code, len(said.problems))
    assert said.problems[0].startswith(f"{address}: toy: the model registry")
    assert before == released.pin("staging")
    (released.root / "stack" / "staging.json").write_text(good)
    released.commit("the registry is back")
    assert 0 == stackwright("promote", "--env", "staging", "--project", released.root).code
    assert 2 == released.pin("staging")["release"]
