"""A project that is pinned to an older release keeps working with the contracts that this one's stacks write."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any, cast

import pytest

from stacks.contract import CONTRACT_VERSION
from tests.harness import older as harness
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.aws_project import ACCOUNT, PASSWORD, REGION, Environment, built, recorded
from tests.harness.command import stackwright
from tests.harness.documents import PUBLIC_KEY
from tests.harness.mlflow import mlflow_server
from tests.harness.older import Older, older_releases
from tests.harness.scaffold import commit_all, git

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.harness.project import Toy


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> list[Older]:
    """The newest release of each older version of the contract."""
    return older_releases(tmp_path_factory.mktemp("older"))


@pytest.fixture
def environments(
    toy: Toy, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[dict[str, Environment]]:
    """Dev and staging as this release's stacks leave them, and a project that is not connected to them yet."""
    shutil.rmtree(toy.root / "stack")
    toy.commit("not connected")
    token = tmp_path / "token"
    token.write_text("a token of the job")
    server = tmp_path / "server.db"
    shutil.copy(database, server)
    with empty_moto_server() as endpoint, mlflow_server(server, tmp_path, PASSWORD) as address:
        point_at(monkeypatch, endpoint)
        monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        yield {name: built("toy", name, address) for name in ("dev", "staging")}


@pytest.fixture(scope="module")
def cloud() -> dict[str, Any]:
    """The contract of a fourth environment, as this release's stack writes it, where nobody asks a cloud."""
    made = Environment("toy", recorded("toy", "dev"), f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{'0' * 36}")
    written: Any = json.loads(made.filled(made.graph.outputs["contract"]))
    written["signing_key"]["public_key"] = PUBLIC_KEY
    return written | {"environment": "cloud", "promotes_from": "prod"}


def fields_of(value: Any, at: str = "") -> set[str]:
    """Return the paths of all fields of a document."""
    if not isinstance(value, dict):
        return {at}
    inner = cast("dict[str, Any]", value)
    return {path for name in inner for path in fields_of(inner[name], f"{at}.{name}")}


@pytest.mark.slow
def test_it_releases_into_what_our_stacks_build(
    older: list[Older], toy: Toy, environments: dict[str, Environment]
) -> None:
    """Pulled, checked live, registered, gated, promoted, verified: fields that it does not know are left alone."""
    release = older[-1]
    sources = {name: str(made.graph.outputs["contract_uri"]) for name, made in environments.items()}
    pulls = [["contract", "pull", "--env", name, "--from", source] for name, source in sources.items()]
    checks = [["contract", "check", "--live", "--env", name] for name in environments]
    steps = [["register"], ["gate", "--env", "staging"], ["promote", "--env", "staging"], ["verify"]]

    found = release.run(toy.root, *pulls, *checks, *steps)

    assert [(0, "")] * len(found) == [(code, err) for code, _, err in found], found
    assert (1, toy.pin("dev")["digest"]) == (toy.pin("staging")["release"], toy.pin("staging")["digest"])
    pulled = json.loads((toy.root / "stack" / "dev.json").read_text())
    assert CONTRACT_VERSION == pulled["contract_version"] != release.reads


def test_it_reads_what_our_stacks_write_and_serves_where_our_local_contracts_say(
    older: list[Older], toy: Toy, cloud: dict[str, Any]
) -> None:
    """Fields that it does not know are left alone; the pins hold; the second deployment changes nothing."""
    shutil.rmtree(toy.root / "stack")
    assert 0 == stackwright("contract", "local", toy.environments, "--project", toy.root).code
    (toy.root / "stack" / "cloud.json").write_text(json.dumps(cloud))
    toy.commit("connect")
    for release in older:
        deploys = [["deploy", "--env", "dev"]] * 2
        found = release.run(toy.root, ["contract", "check"], ["register", "--env", "dev"], *deploys, ["verify"])

        assert [(0, "")] * len(found) == [(code, err) for code, _, err in found], found
        assert CONTRACT_VERSION == cloud["contract_version"] != release.reads
        assert "deploy: dev serves release 1" in found[3][1]
        assert toy.pin("dev")["digest"] == toy.serving("dev")


def test_another_major_is_refused_by_name(older: list[Older], toy: Toy, cloud: dict[str, Any]) -> None:
    """What is not additive is no minor: who reads it anyway would guess."""
    (toy.root / "stack" / "cloud.json").write_text(json.dumps(cloud | {"contract_version": "2.0"}))
    ((code, _, err),) = older[-1].run(toy.root, ["contract", "check"])

    assert 1 == code
    assert "`2.0` is another major" in err


def test_what_our_stacks_write_beyond_it_is_there(older: list[Older], cloud: dict[str, Any]) -> None:
    """Else reading it would prove nothing about fields that were added."""
    known = (older[0].folder / "stacks" / "schema" / "contract.json").read_text()

    assert [path for path in fields_of(cloud) if f'"{path.rpartition(".")[2]}"' not in known]


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_history_it_is_skipped_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    """CI checks the whole history out, so there it is red."""
    (tmp_path / "stacks").mkdir()
    shutil.copy(harness.ROOT / harness.FILE, tmp_path / harness.FILE)
    git(tmp_path, "init", "--quiet")
    commit_all(tmp_path, "All in one")
    monkeypatch.setattr(harness, "ROOT", tmp_path)
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match="fetch all of it"):
        older_releases(tmp_path / "older")
