"""An organisation's copy of the platform, as its jobs have it: stack files, a remote, variables of the host."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.platform_delivery.engine import Outcome as Ran
from tests.harness.command import Outcome, stackwright
from tests.harness.github_delivery import github_delivery, variables
from tests.harness.scaffold import commit_all, git
from tests.harness.workflows import ROOT
from tests.pipelines.delivery.conftest import read_outputs

if TYPE_CHECKING:
    from collections.abc import Generator

    from pipelines.platform_delivery.places import Stack
    from tests.harness.github_delivery import Github

EXAMPLES = ROOT / "stacks" / "examples"


@dataclass
class Repository:
    """A clone, at its host."""

    root: Path
    bare: Path
    host: Github
    folder: Path

    def organise(self, *environments: str, shape: str = "aws", there: bool = True, projects: bool = True) -> None:
        """Put the stack files of the examples in, as `stackwright init` and people do."""
        source = EXAMPLES / shape
        for folder in ("environment", "project/platform"):
            (self.root / "stacks" / folder).mkdir(parents=True, exist_ok=True)
        for name in environments:
            shutil.copy(source / f"Pulumi.{name}.yaml", self.root / "stacks" / "environment")
            if there:
                document = source / "projects" / "platform" / f"{name}.json"
                shutil.copy(document, self.root / "stacks" / "project" / "platform")
            if projects:
                shutil.copy(source / "projects" / f"Pulumi.churn-{name}.yaml", self.root / "stacks" / "project")
        self.merge("Environments")

    def edit(self, path: str, old: str, new: str) -> None:
        """Change one place of a file."""
        text = (self.root / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        (self.root / path).write_text(text.replace(old, new, 1))

    def merge(self, message: str) -> str:
        """Commit everything and push it, and return the commit."""
        commit_all(self.root, message)
        git(self.root, "push", "--quiet", "origin", "main")
        return git(self.root, "rev-parse", "HEAD")

    def ci(self, *words: object) -> Outcome:
        """Run a command of a job; what outputs and summary hold is of this command only."""
        for name in ("output", "summary"):
            (self.folder / name).write_text("")
        return stackwright("ci", *words)

    @property
    def outputs(self) -> dict[str, str]:
        """Return the outputs, read as the host reads them."""
        return read_outputs((self.folder / "output").read_text())

    @property
    def summary(self) -> str:
        """What a person sees of the job."""
        return (self.folder / "summary").read_text()


@dataclass
class Recording:
    """An engine that notes what it is asked, and answers as told."""

    stacks: set[str]
    would: dict[str, Ran] = field(default_factory=dict[str, Ran])
    """Stack -> what happens to it; nothing by default."""
    asked: list[str] = field(default_factory=list[str])

    def known(self, folder: Path) -> set[str]:
        """Return all stacks."""
        self.asked.append(f"list {folder}")
        return self.stacks

    def preview(self, stack: Stack, plan: Path) -> Ran:
        """Save a plan that names its stack."""
        plan.parent.mkdir(parents=True, exist_ok=True)
        plan.write_text(stack.name)
        return self._answer("preview", stack)

    def up(self, stack: Stack, plan: Path) -> Ran:
        """Do what the plan says."""
        assert stack.name == plan.read_text()
        return self._answer("up", stack)

    def drift(self, stack: Stack) -> Ran:
        """Look."""
        return self._answer("drift", stack)

    def _answer(self, what: str, stack: Stack) -> Ran:
        self.asked.append(f"{what} {stack.name}")
        return self.would.get(stack.name, Ran())


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Repository]:
    """A platform without stack files, pushed; the job is in it."""
    root, bare = tmp_path / "platform", tmp_path / "platform.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch", "main", str(bare)], check=True)
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "remote", "add", "origin", str(bare))
    (root / "README.md").write_text("platform\n")
    (root / ".gitignore").write_text("build/\n")
    with github_delivery(bare, name="acme/platform") as host:
        for name, value in variables(host).items():
            monkeypatch.setenv(name, value)
        for name in ("output", "summary"):
            monkeypatch.setenv(
                {"output": "GITHUB_OUTPUT", "summary": "GITHUB_STEP_SUMMARY"}[name], str(tmp_path / name)
            )
        monkeypatch.setenv("GITHUB_REF", "refs/heads/main")
        monkeypatch.chdir(root)
        found = Repository(root, bare, host, tmp_path)
        found.merge("Begin")
        yield found
