"""One workflow, run by `act` in host mode."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.harness.scaffold import QUIET
from tests.harness.workflows import need_tool

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.harness.act.network import Network

ROOT = Path(__file__).resolve().parents[3]
ACTIONS = Path(__file__).with_name("actions")
SHELL = Path(__file__).with_name("shell")
DOUBLES = {
    "actions/checkout": "checkout",
    "actions/setup-go": "setup-go",
    "actions/upload-artifact": "upload-artifact",
    "astral-sh/setup-uv": "setup-uv",
    "aws-actions/configure-aws-credentials": "configure-aws-credentials",
}
"""Action -> folder of its double; any other one fails, as nothing can be fetched."""
HOSTED = "ubuntu-24.04"
USES = re.compile(r"uses: ([\w.-]+/[\w.-]+)@(\S+)")
UNSUPPORTED = re.compile(r"Skipping unsupported platform|unsupported platform", re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """One step that has run."""

    job: str
    name: str
    result: str
    seconds: float


@dataclass
class Run:
    """A run of a workflow, as far as it went."""

    workflow: str
    event: str
    code: int
    seconds: float
    cpu_seconds: float
    """Of all its processes that ended before it."""
    lines: list[dict[str, Any]]
    calls: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Of doubles of actions: `action`, `inputs`, `job`, `environment`."""

    @property
    def green(self) -> bool:
        """Whether nothing was red."""
        return self.code == 0 and "failure" not in self.jobs.values()

    @cached_property
    def jobs(self) -> dict[str, str]:
        """Name of each job that ran -> `success` or `failure`; one that was skipped is not there.

        `act` knows one result for a whole matrix: there the steps tell.
        """
        failed = {step.job for step in self.steps if step.result == "failure"}
        ended = [(_job(line), line["jobResult"], line["matrix"]) for line in self.lines if "jobResult" in line]
        return {name: "success" if matrix and name not in failed else result for name, result, matrix in ended}

    @cached_property
    def steps(self) -> list[Step]:
        """Its steps in order, those of composite actions before the step that uses them."""
        found = [line for line in self.lines if "stepResult" in line and line.get("stage") == "Main"]
        return [
            Step(_job(item), item["step"], item["stepResult"], item.get("executionTime", 0) / 1e9) for item in found
        ]

    @property
    def red(self) -> list[str]:
        """Names of the steps that failed."""
        return [step.name for step in self.steps if step.result == "failure"]

    @property
    def summary(self) -> str:
        """What a person sees of it."""
        return "\n".join(line["content"] for line in self.lines if line.get("command") == "summary")

    @property
    def log(self) -> str:
        """All that was said."""
        return "\n".join(f"[{line.get('job', '')}] {str(line.get('msg', '')).rstrip()}" for line in self.lines)


@dataclass(frozen=True)
class Act:
    """Runs workflows in a network without anything else."""

    network: Network
    folder: Path
    """For what belongs to no run."""
    prepared: Path
    """A project that is set up; its environments are what a cache would bring back."""
    variables: Mapping[str, str]
    """Of every job, as a runner has them."""
    labels: Iterable[str] = (HOSTED,)

    def run(
        self,
        file: str,
        text: Path,
        event: str,
        payload: Mapping[str, Any],
        variables: Mapping[str, str],
        job: str | None = None,
    ) -> Run:
        """Run a workflow, and wait for it.

        Args:
            file: Path of the workflow in the repository.
            text: Folder with the repository's files at the commit of the event.
            event: Name of the event.
            payload: What the event says.
            variables: What the host tells jobs: `GITHUB_…`.
            job: The one job that is run, with what it needs; all by default.
        """
        here = self.folder / f"run-{variables['GITHUB_RUN_ID']}"
        here.mkdir()
        (here / "event.json").write_text(json.dumps(payload))
        _one_after_the_other(text / file)
        calls = here / "calls.jsonl"
        calls.touch()
        words = [*self._words(text, variables), "--workflows", text / file, "--eventpath", here / "event.json"]
        words += ["--action-cache-path", here / "cache", "--env-file", here / "none", *(("--job", job) if job else ())]
        began, used = time.monotonic(), _used()
        done = subprocess.run(
            self.network.command(need_tool("act"), event, *words),
            cwd=text,
            env=self._environment(here, calls),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        (here / "log.jsonl").write_text(done.stdout)
        return _read(file, event, done, (time.monotonic() - began, _used() - used), calls)

    def _words(self, text: Path, variables: Mapping[str, str]) -> list[object]:
        """Return what is the same for every run of these files: how `act` runs, and with what."""
        told = {name: value for name, value in variables.items() if name != "GITHUB_TOKEN"}
        return [
            "--json", "--no-skip-checkout", "--no-recurse", "--rm", "--directory", text,
            "--concurrent-jobs", "1", "--no-cache-server", "--artifact-server-addr", "127.0.0.1",
            "--secret", f"GITHUB_TOKEN={variables['GITHUB_TOKEN']}",
            *(word for label in self.labels for word in ("--platform", f"{label}=-self-hosted")),
            *(word for name, value in told.items() for word in ("--env", f"{name}={value}")),
            *(word for name in actions_of(text) for word in ("--local-repository", name)),
        ]  # fmt: skip

    def _environment(self, here: Path, calls: Path) -> dict[str, str]:
        """Return what a job inherits: nothing of the machine but its programs."""
        home = here / "home"
        home.mkdir()
        doubles = {
            "DOUBLES": str(Path(__file__).with_name("doubles.py")),
            "DOUBLES_ARTIFACTS": str(here / "artifacts"),
            "DOUBLES_CALLS": str(calls),
            "DOUBLES_PREPARED": str(self.prepared),
            "DOUBLES_PYTHON": sys.executable,
        }
        own = {"HOME": str(home), "LANG": "C.UTF-8", "PATH": _path(), "UV_OFFLINE": "1", "UV_CACHE_DIR": uv_cache()}
        return {**own, **QUIET, **doubles, **self.variables}


def actions_of(text: Path) -> list[str]:
    """Return the doubles of all actions that are used, at the commits that they are pinned by."""
    files = [*text.glob(".github/workflows/*.yml"), *text.glob(".github/actions/*/action.yml")]
    used = {found.groups() for file in files for found in USES.finditer(file.read_text())}
    return sorted(f"{name}@{ref}={ACTIONS / DOUBLES[name]}" for name, ref in used if name in DOUBLES)


def uv_cache() -> str:
    """Return the cache that uv is offline with."""
    return os.environ.get("UV_CACHE_DIR", str(ROOT / ".cache" / "uv"))


def _path() -> str:
    return os.pathsep.join([str(SHELL), str(ROOT / ".tools" / "uv" / "bin"), os.environ["PATH"]])


def _one_after_the_other(file: Path) -> None:
    """Let there be one runner: `act` runs the jobs of a matrix at once otherwise, whatever it is told."""
    text = file.read_text()
    file.write_text(re.sub(r"^( +)strategy:\n", r"\g<0>\1  max-parallel: 1\n", text, flags=re.MULTILINE))


def _job(line: Mapping[str, Any]) -> str:
    """Return the name of a job as the host has it: `act` counts the jobs of a matrix."""
    name = str(line["job"]).partition("/")[2].strip()
    return re.sub(r"-[0-9]+$", "", name) if line["matrix"] else name


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _read(
    file: str, event: str, done: subprocess.CompletedProcess[str], times: tuple[float, float], calls: Path
) -> Run:
    lines = [json.loads(line) if line.startswith("{") else {"msg": line} for line in done.stdout.splitlines()]
    noted = [json.loads(line) for line in calls.read_text().splitlines()]
    run = Run(Path(file).stem, event, done.returncode, *times, lines, noted)
    if UNSUPPORTED.search(done.stdout):
        raise AssertionError(f"{file}: no runner has the label of one of its jobs:\n{run.log[-3000:]}")
    return run
