"""The folder in which a project lives its life, and what can be done and seen there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from components.errors import UserError
from pipelines.deploy.process import served_digest
from pipelines.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENTS = ("dev", "staging", "prod")
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "true"}
OTHERS = ("CI", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
"""Not taken from the caller: a rehearsal is a person's laptop, and without bytecode every stage would compile anew."""
AUTHOR = ("-c", "user.name=Rehearsal", "-c", "user.email=rehearsal@localhost", "-c", "commit.gpgsign=false")


@dataclass
class Workspace:
    """`<folder>/platform`, `<folder>/project` and `<folder>/environments`."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """Added to the environment variables of every command."""

    @property
    def platform(self) -> Path:
        """The platform at the commit that the project was made with."""
        return self.folder / "platform"

    @property
    def root(self) -> Path:
        """The project."""
        return self.folder / "project"

    @property
    def environments(self) -> Path:
        """The folders that stand for dev, staging and prod."""
        return self.folder / "environments"

    @property
    def model(self) -> str:
        """The model that is rehearsed: the project's first."""
        return next(iter(Project(self.root).settings.models))

    def run(self, *command: str, extra: Mapping[str, str] | None = None, expect: int = 0) -> str:
        """Run a command in the project and return what it printed; another exit code ends the rehearsal."""
        given = {name: value for name, value in os.environ.items() if name not in OTHERS}
        environment = {**given, **QUIET, **self.environment, **(extra or {})}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        self._log(command, done.stdout + done.stderr)
        if done.returncode != expect:
            said = "\n  ".join((done.stdout + done.stderr).strip().splitlines()[-15:])
            raise UserError(f"`{' '.join(command)}` ended with {done.returncode}, expected {expect}:\n  {said}")
        return done.stdout

    def stackwright(self, *arguments: str, expect: int = 0) -> dict[str, Any]:
        """Run the project's own `stackwright` and return its JSON document."""
        command = (".stackwright/venv/bin/stackwright", *arguments, "--format", "json")
        return json.loads(self.run(*command, expect=expect))

    def simulate(self, *arguments: str) -> None:
        """Run the project's own simulation of the world."""
        package = next((self.root / "src").glob("*/simulate.py")).parent.name
        self.run(".venv/bin/python", "-m", f"{package}.simulate", *arguments)

    def commit(self, message: str) -> str:
        """Commit everything, as a person merging a pull request would, and return the commit."""
        self.run("git", "add", "--all")
        self.run("git", *AUTHOR, "commit", "--quiet", "--allow-empty", "--message", message)
        return self.run("git", "rev-parse", "HEAD").strip()

    def serving(self) -> dict[str, str | None]:
        """Ask each environment's server which digest it serves."""
        return {name: self._served(name) for name in ENVIRONMENTS}

    def url(self, environment: str) -> str:
        """Return where an environment serves the model, as its clients find it."""
        endpoint = self.environments / environment / "serving" / f"{self.model}.json"
        return json.loads(endpoint.read_text())["url"]

    def close(self, *, keep: bool) -> None:
        """End every server that was started here, then remove the folder."""
        for process in psutil.process_iter(["cmdline"]):
            words: Any = process.info["cmdline"] or []
            if any(word.startswith(f"{self.environments}{os.sep}") for word in words):
                process.kill()
                process.wait(10)
        if not keep:
            shutil.rmtree(self.folder)

    def _served(self, environment: str) -> str | None:
        try:
            return served_digest(self.url(environment), self.model)
        except FileNotFoundError:
            return None

    def _log(self, command: tuple[str, ...], text: str) -> None:
        with (self.folder / "log.txt").open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(command)}\n{text}\n")
