"""A job of a project: a clone, a repository at a host, and the variables that the host gives."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.release.gating import gate
from pipelines.release.promotion import promote
from tests.harness.command import Outcome, stackwright
from tests.harness.github_delivery import WORKFLOW, github_delivery, variables
from tests.harness.project import Toy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tests.harness.github_delivery import Github


@dataclass
class Job:
    """One job: what it runs in, and what it leaves."""

    toy: Toy
    host: Github
    folder: Path
    set_variable: Callable[[str, str], None] = field(repr=False)

    @property
    def root(self) -> Path:
        return self.toy.root

    def act_as(self, token: str) -> None:
        """Ask the host with another token."""
        self.set_variable("GITHUB_TOKEN", token)

    def run_number(self, number: int) -> None:
        """Be a job of another run."""
        self.set_variable("GITHUB_RUN_ID", str(number))

    def event(self, name: str, **content: Any) -> None:
        """Be started by an event."""
        path = self.folder / "event.json"
        path.write_text(json.dumps(content))
        self.set_variable("GITHUB_EVENT_NAME", name)
        self.set_variable("GITHUB_EVENT_PATH", str(path))

    def ci(self, *words: object) -> Outcome:
        """Run a command of a job; what outputs and summary hold is of this command only."""
        for name in ("output", "summary"):
            (self.folder / name).write_text("")
        needs_project = words[0] not in {"comment", "issue"}
        return stackwright("ci", *words, *(["--project", self.root] if needs_project else []))

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text()

    @property
    def outputs(self) -> dict[str, str]:
        """Return the outputs, read as the host reads them."""
        return read_outputs((self.folder / "output").read_text())

    def push(self) -> None:
        """Push the default branch."""
        self.toy.git("push", "-q", "origin", "main")

    def text(self, name: str, content: str) -> Path:
        """Write a file outside of the project."""
        path = self.folder / name
        path.write_text(content)
        return path


def read_outputs(text: str) -> dict[str, str]:
    """Read `name<<mark` blocks as a runner does; anything else is an error."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            continue
        name, separator, mark = line.partition("<<")
        assert separator, line
        assert re.fullmatch(r"[a-z_]+", name), name
        value: list[str] = []
        for inner in lines:
            if inner == mark:
                break
            value.append(inner)
        else:
            raise AssertionError(f"{name} does not end")
        found[name] = "\n".join(value)
    return found


@pytest.fixture(scope="session")
def prepared_within_reach(prepared_released: Toy, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A project that is released, and environments that jobs can reach."""
    toy = prepared_released.copy(tmp_path_factory.mktemp("within-reach"))
    for name in ("dev", "staging", "prod"):
        toy.edit(f"stack/{name}.json", runs_on="ubuntu-24.04")
    toy.commit("connect")
    return toy


def connect(toy: Toy, bare: Path) -> None:
    """Give a project a repository at a host."""
    subprocess.run(["git", "clone", "-q", "--bare", str(toy.root), str(bare)], check=True)
    toy.git("remote", "add", "origin", str(bare))
    toy.git("fetch", "-q", "origin")


@pytest.fixture
def reachable(prepared_within_reach: Toy, tmp_path: Path) -> Generator[Toy]:
    """A copy of its own for each test."""
    toy = prepared_within_reach.copy(tmp_path)
    yield toy
    toy.stop()


@pytest.fixture
def job(reachable: Toy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Job]:
    """A job with the workflow's own token, in a project of release 1 everywhere and release 2 in dev."""
    folder = tmp_path / "job"
    folder.mkdir()
    connect(reachable, folder / "bare.git")
    with github_delivery(folder / "bare.git") as host:
        for name, value in variables(host, WORKFLOW).items():
            monkeypatch.setenv(name, value)
        for name in ("GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GH_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("GITHUB_OUTPUT", str(folder / "output"))
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary"))
        (folder / "output").touch()
        yield Job(reachable, host, folder, monkeypatch.setenv)


@pytest.fixture
def promoted(job: Job) -> Job:
    """A job that has promoted release 2 to staging, in its working tree."""
    gate(job.toy.project, "staging", "toy")
    promote(job.toy.project, "staging", "toy")
    return job
