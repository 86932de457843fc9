"""`stackwright project add`: the stack files of a project."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.hosts.github import GithubHost
from pipelines.project_stacks import add_project
from stacks.project.config import read_stack_file
from tests.harness.children import killed
from tests.harness.command import Outcome, stackwright
from tests.harness.documents import platform_document
from tests.harness.github import RESET, github, repository
from tests.harness.web import Server, free_port

KUBERNETES = Path(__file__).parents[2] / "stacks" / "examples" / "kubernetes" / "projects"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Pulumi project of project stacks, with the platform documents of three environments."""
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "platform").mkdir()
    for name in ("dev", "staging", "prod"):
        (tmp_path / "platform" / f"{name}.json").write_text(json.dumps(platform_document(name)))
    return tmp_path


def add(folder: Path, server: Server | str, *words: str, name: str = "acme/churn") -> Outcome:
    """Run `project add`, for dev and staging unless told otherwise."""
    url = server if isinstance(server, str) else server.url
    environments = () if "--env" in words else ("--env", "dev", "--env", "staging")
    return stackwright("project", "add", name, *environments, "--folder", folder, "--api-url", url, *words)


def written(folder: Path) -> list[str]:
    """Return the names of the stack files."""
    return sorted(path.name for path in folder.glob("Pulumi.*"))


def test_each_environment_gets_a_file_that_can_be_read(folder: Path) -> None:
    """What is written is what `pulumi up` takes: ids, the host's spelling and branch, who promotes from here."""
    with github(churn=repository()) as server:
        said = add(folder, server)

    paths = [folder / f"Pulumi.churn-{name}.yaml" for name in ("dev", "staging")]
    assert (0, "".join(f"wrote {path}\n" for path in paths)) == (said.code, said.out)
    specs = [read_stack_file(path)[0] for path in paths]
    assert [("churn", "dev"), ("churn", "staging")] == [(spec.project, spec.environment) for spec in specs]
    assert [("staging",), ("prod",)] == [spec.ci_identity.promotes_to for spec in specs]
    expected = ("Acme", 123456, "churn", 987654321, "trunk", False)
    identity = specs[0].ci_identity
    found = (identity.owner, identity.owner_id, identity.repository, identity.repository_id, identity.branch)
    assert expected == (*found, identity.legacy_subject)


def test_an_older_repository_is_known_by_both_subjects(folder: Path) -> None:
    """Tokens of a repository of before 2026-07-15 may name no ids; the file says why."""
    with github(churn=repository(created_at="2025-02-03T04:05:06Z")) as server:
        add(folder, server)

    path = folder / "Pulumi.churn-dev.yaml"
    assert "Made on 2025-02-03" in path.read_text()
    assert read_stack_file(path)[0].ci_identity.legacy_subject


def test_a_cluster_without_a_cloud_knows_jobs_by_their_tokens(folder: Path) -> None:
    """The environment's shape decides the flavor; its tokens are read by ids, so older ones are no other matter."""
    shutil.copytree(KUBERNETES / "platform", folder / "platform", dirs_exist_ok=True)
    with github(churn=repository(created_at="2025-02-03T04:05:06Z")) as server:
        assert 0 == add(folder, server).code

    specs = [read_stack_file(folder / f"Pulumi.churn-{name}.yaml")[0] for name in ("dev", "staging")]
    assert [("api_server", ("staging",)), ("api_server", ("prod",))] == [
        (spec.ci_identity.flavor, spec.ci_identity.promotes_to) for spec in specs
    ]
    assert ("Acme", 123456, "churn", 987654321, "trunk") == tuple(
        getattr(specs[0].ci_identity, name) for name in ("owner", "owner_id", "repository", "repository_id", "branch")
    )
    assert "legacy" not in (folder / "Pulumi.churn-dev.yaml").read_text()


def test_names_that_yaml_would_take_for_something_else(folder: Path) -> None:
    """Owners, repositories and branches may look like numbers and switches."""
    said = repository(owner="1e3", name="on", default_branch="007")
    with github(on=said) as server:
        assert 0 == add(folder, server, "--name", "churn", name="1e3/on").code

    identity = read_stack_file(folder / "Pulumi.churn-dev.yaml")[0].ci_identity
    assert ("1e3", "on", "007") == (identity.owner, identity.repository, identity.branch)


def test_the_result_for_programs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that was looked up is there; the token is sent and never shown."""
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    with github(churn=repository()) as server:
        said = add(folder, server, "--env", "prod", "--format", "json")

    assert {
        "project": "churn",
        "repository": "Acme/churn",
        "owner_id": 123456,
        "repository_id": 987654321,
        "default_branch": "trunk",
        "legacy_subject": False,
        "stack_files": [str(folder / "Pulumi.churn-prod.yaml")],
        "problems": [],
    } == said.document
    assert ["GET /repos/acme/churn Bearer s3cret"] == server.requests
    assert "s3cret" not in said.out + said.err + (folder / "Pulumi.churn-prod.yaml").read_text()


LIMIT = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(RESET)}
HOST: dict[str, tuple[Any, str]] = {
    "404": (None, "acme/churn: not found at {url}, or private: set GITHUB_TOKEN to one that may read it"),
    "the limit": ((403, LIMIT), "acme/churn: {url} answers no more requests until 2026-11-21 12:00:00 UTC; "),
    "renamed": ((301, {}), "acme/churn: was renamed or transferred; use its new name"),
}


@pytest.mark.parametrize("name", HOST)
def test_what_the_host_refuses_writes_nothing(name: str, folder: Path) -> None:
    """The reason is one line, with exit code 1."""
    answer, told = HOST[name]
    with github(churn=answer) as server:
        said = add(folder, server)

    assert (1, 1, True) == (said.code, len(said.problems), said.problems[0].startswith(told.format(url=server.url)))
    assert [] == written(folder)


def test_a_host_that_is_down_writes_nothing(folder: Path) -> None:
    """It says which host was asked."""
    said = add(folder, url := f"http://127.0.0.1:{free_port()}", "--format", "json")

    assert 1 == said.code
    assert said.document["problems"][0].startswith(f"acme/churn: {url} does not answer")
    assert [] == written(folder)


def test_all_that_stands_in_the_way_is_told_at_once(folder: Path) -> None:
    """The name, the files that are there, the documents that are not, and the host's answer."""
    (folder / "Pulumi.2churn-staging.yaml").write_text("mine")
    with github() as server:
        said = add(folder, server, "--env", "staging", "--env", "qa", name="acme/2churn")

    assert [
        f"{folder}/Pulumi.2churn-staging.yaml: exists and says something else; edit it, or move it away first",
        f"{folder}/platform/qa.json: cannot be read: No such file or directory; "
        "`stackwright contract export --env qa` writes it",
        f"acme/2churn: not found at {server.url}, or private: set GITHUB_TOKEN to one that may read it",
        "project: `2churn`: not a project's name: small letters, digits and hyphens, a letter first, "
        "40 characters at most; choose one with --name",
    ] == said.problems
    assert ["Pulumi.2churn-staging.yaml"] == written(folder)


def test_a_run_that_was_killed_is_completed_by_the_next(folder: Path, tmp_path: Path) -> None:
    """Files that say what would be written are left as they are; one that was edited is not written over."""
    with github(churn=repository()) as server:
        run = lambda: add_project(GithubHost(server.url), "acme/churn", ["dev", "staging"], folder)  # noqa: E731
        killed(run, 0, "after", tmp_path)
        assert ["Pulumi.churn-dev.yaml"] == written(folder)
        second, third = add(folder, server), add(folder, server)
        (folder / "Pulumi.churn-dev.yaml").write_text("edited")
        fourth = add(folder, server)

    told = [f"wrote {folder}/Pulumi.churn-staging.yaml\n", "the stack files of churn are there\n", ""]
    assert told == [item.out for item in (second, third, fourth)]
    problem = f"{folder}/Pulumi.churn-dev.yaml: exists and says something else; edit it, or move it away first"
    assert (1, [problem]) == (fourth.code, fourth.problems)


def test_what_pulumi_would_refuse_is_not_written(folder: Path) -> None:
    """The files are read as the program reads them before any is written."""
    tracker = {"tracking_uri": "https://churn.dev.ml.acme.example"}
    (folder / "platform/dev.json").write_text(json.dumps(platform_document(experiment_tracker=tracker)))
    with github(churn=repository()) as server:
        said = add(folder, server)

    told = "project: `churn`: https://churn.dev.ml.acme.example is the experiment tracker; choose another name"
    assert (1, [f"{folder}/Pulumi.churn-dev.yaml: {told}"], []) == (said.code, said.problems, written(folder))
