"""The example of a project under the real Pulumi engine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from pipelines.release.keys import sign_bytes, verify_bytes
from pipelines.release.signing import open_signer
from stacks.contract import Contract
from stacks.load import parse
from stacks.project.config import PLATFORMS, from_engine
from stacks.project.program import program
from tests.harness.aws import empty_moto_server
from tests.harness.aws_plugin.cloud import Cloud
from tests.harness.engine.stack import Engine
from tests.harness.engine.tools import ROOT, need_engine
from tests.harness.project_stack import EXAMPLES, platform

ACCOUNT = platform().account
BUCKET = platform().artifact_store.uri.removeprefix("s3://")


@pytest.fixture
def endpoint() -> Generator[str]:
    """Every account of moto, on loopback."""
    need_engine()
    with empty_moto_server(managed_policies=True) as address:
        yield address


@pytest.fixture
def cloud(endpoint: str) -> Cloud:
    """The account of dev, with the artifact store that the environment's stack would have made."""
    cloud = Cloud(endpoint, ACCOUNT, platform().region)
    cloud.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": platform().region})
    return cloud


@pytest.fixture
def engine(endpoint: str, cloud: Cloud, tmp_path: Path) -> Engine:
    """The stack of the example, as its folder would be, and the cluster that it finds."""
    engine = Engine(
        tmp_path / "stack",
        ROOT / "stacks" / "project",
        stack="churn-dev",
        account=ACCOUNT,
        endpoint=endpoint,
        stack_file=EXAMPLES / "Pulumi.churn-dev.yaml",
    )
    shutil.copytree(EXAMPLES / PLATFORMS, engine.stack_file.parent / PLATFORMS)
    engine.add_cluster(platform().cluster.endpoint)
    return engine


@pytest.mark.engine
def test_a_project_comes_and_goes(engine: Engine, endpoint: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up makes what the preview said and publishes a contract that works; destroy leaves what the project stored."""

    def run() -> None:
        program(*from_engine(engine.stack_file.parent))

    previewed = engine.preview(run).changes
    assert previewed == engine.up(run).changes
    assert {} == engine.up(run).changes
    assert {} == engine.refresh(run).changes

    content = cloud.s3.get_object(Bucket=BUCKET, Key="churn/contract.json")["Body"].read()
    contract = parse(content, Contract, "contract.json")
    assert json.loads(content) == engine.outputs(run)["contract"]

    monkeypatch.setattr("pipelines.aws.client", lambda service, *_, **__: getattr(cloud, service))
    signature = sign_bytes(b"package", open_signer(contract))
    assert verify_bytes(b"package", signature, contract.signing_key.public_key)

    cloud.s3.put_object(Bucket=BUCKET, Key="churn/models/sha256/ab/manifest.json", Body=b"{}")
    assert {"delete": previewed["create"]} == engine.destroy(run).changes
    assert [] == engine.resources()
    left = cloud.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert ["churn/models/sha256/ab/manifest.json"] == [item["Key"] for item in left]
