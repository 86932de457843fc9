"""A scaffolded project with the contracts of the `aws` stack: its own commands make just the calls that are listed."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.harness.aws import empty_moto_server, point_at
from tests.harness.aws_project import ACCOUNT, PASSWORD, built
from tests.harness.calls import served_calls
from tests.harness.mlflow import mlflow_server
from tests.harness.scaffold import git, run

LISTED = Path(__file__).with_name("connected_calls.txt")
STACKWRIGHT = ".stackwright/venv/bin/stackwright"

pytestmark = [pytest.mark.rehearsal, pytest.mark.slow]


@pytest.fixture
def addresses(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[tuple[dict[str, str], list[str]]]:
    """Dev and staging as their stacks leave them: where the contracts lie, and what is asked from then on."""
    token = tmp_path / "token"
    token.write_text("a token of the job")
    server = shutil.copy(database, tmp_path / "server.db")
    with (
        served_calls() as calls,
        empty_moto_server() as endpoint,
        mlflow_server(server, tmp_path, PASSWORD) as tracker,
    ):
        point_at(monkeypatch, endpoint)
        monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        made = {name: built("churn", name, tracker) for name in ("dev", "staging")}
        calls.clear()
        yield {name: str(there.graph.outputs["contract_uri"]) for name, there in made.items()}, calls


@pytest.fixture
def connected(trained_project: Path, tmp_path: Path) -> Path:
    """The trained project, in a folder of its own with the same environments."""
    clone = tmp_path / "churn"
    shutil.copytree(trained_project, clone, symlinks=True, ignore=shutil.ignore_patterns(".venv", ".stackwright"))
    for name in (".venv", ".stackwright"):
        (clone / name).symlink_to(trained_project / name)
    return clone


def commands(clone: Path) -> Callable[..., None]:
    """Return what runs the platform's command in a project, and commits what it wrote."""

    def stackwright(*words: str) -> None:
        done = run(clone, STACKWRIGHT, *words, PYTHONPATH="src")
        assert 0 == done.returncode, done.stdout
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--allow-empty", "--message", words[0])

    return stackwright


def test_a_scaffolded_project_makes_the_calls_of_the_list(
    connected: Path, addresses: tuple[dict[str, str], list[str]], tmp_path: Path
) -> None:
    """It pulls its contracts, records its run, and takes its package to staging; one call more or less is red."""
    contracts, calls = addresses
    stackwright = commands(connected)
    for name, address in contracts.items():
        stackwright("contract", "pull", "--env", name, "--from", address)
    stackwright("exec", "--env", "dev", "--", ".venv/bin/python", "-m", "churn.track")
    stackwright("register")
    stackwright("gate", "--env", "staging")
    stackwright("promote", "--env", "staging")

    written = "".join(f"{call}\n" for call in calls)
    (tmp_path / LISTED.name).write_text(written)
    assert (connected / "promotions" / "staging" / "churn.yaml").exists()
    assert LISTED.read_text().splitlines() == written.splitlines(), f"see {tmp_path / LISTED.name}"
