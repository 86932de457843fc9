"""What every workflow must be, beyond what zizmor, actionlint and the schema know; and where those are."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ".stackwright/venv/bin/stackwright"
HOSTED = re.compile(r"ubuntu-\d\d\.04")
ENVIRONMENT = "${{ matrix.environment.environment }}"
PINNED = re.compile(r"- uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
SHELL = re.compile(r"[|&;<>`]|\$\(")
HISTORY = re.compile(
    r" (verify|deploy|gate|promote|register|rollback|ci (preview|propose|served)|ci environments --since)\b"
)
FORBIDDEN = {"pull_request_target", "workflow_run", "issue_comment"}
WRITES = {"contents", "id-token", "actions", "packages", "deployments"}


@dataclass(frozen=True)
class Job:
    """One job of a workflow, or the one of a composite action."""

    name: str
    document: dict[str, Any]

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Its steps."""
        return self.document.get("steps", [])

    @property
    def runs(self) -> list[str]:
        """What its steps run."""
        return [step["run"] for step in self.steps if "run" in step]

    @property
    def permissions(self) -> dict[str, str]:
        """What its token may do."""
        return self.document.get("permissions", {})

    @property
    def acts_for_an_environment(self) -> bool:
        """Whether it runs where an environment can be reached, or can be known as one of its jobs."""
        return not HOSTED.fullmatch(self.document.get("runs-on", "")) or "id-token" in self.permissions


@dataclass(frozen=True)
class Workflow:
    """A file under `.github`, every value a text."""

    text: str
    command: str = COMMAND
    """The one program, beside `make`, that its steps run."""
    document: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "document", yaml.load(self.text, yaml.BaseLoader))

    @cached_property
    def jobs(self) -> list[Job]:
        """Its jobs."""
        if "runs" in self.document:
            return [Job("action", {**self.document["runs"], "runs-on": "ubuntu-24.04"})]
        return [Job(name, job) for name, job in self.document["jobs"].items()]

    @property
    def is_action(self) -> bool:
        """Whether it is a composite action."""
        return "runs" in self.document

    @property
    def triggers(self) -> set[str]:
        """What starts it."""
        on = self.document.get("on", [])
        return {on} if isinstance(on, str) else set(on)


def _least_rights(workflow: Workflow) -> Iterator[str]:
    if not workflow.is_action and workflow.document.get("permissions") != {}:
        yield "permissions: on top, none are given"


def _timeout(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs:
        if not workflow.is_action and not job.document.get("timeout-minutes", "").isdecimal():
            yield f"{job.name}: timeout-minutes"


def _shell(workflow: Workflow) -> Iterator[str]:
    default = workflow.document.get("defaults", {}).get("run", {}).get("shell")
    for job in workflow.jobs:
        for step in job.steps:
            if "run" in step and step.get("shell", default) != "bash":
                yield f"{job.name}: `{step['run']}` runs in a shell that does not stop at the first failure of a pipe"


def _one_command(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs:
        for run in job.runs:
            if "\n" in run.strip() or SHELL.search(run) or not run.startswith(("make ", f"{workflow.command} ")):
                yield f"{job.name}: `{run}` is not one command of ours"


def _red_is_red(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs:
        for part in (job.document, *job.steps):
            if "continue-on-error" in part or "always()" in part.get("if", "") or "failure()" in part.get("if", ""):
                yield f"{job.name}: goes on after a failure"


def _no_expression_in_run(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs:
        yield from (f"{job.name}: `{run}` holds an expression" for run in job.runs if "${{" in run)


def _foreign_text_is_read_once(workflow: Workflow) -> Iterator[str]:
    for part in (workflow.document, *(job.document for job in workflow.jobs)):
        for name, value in part.get("env", {}).items():
            if re.search(r"\$\{\{.*\b(inputs|github\.head_ref|github\.event\.(?!repository\b))", value):
                yield f"env.{name}: what people wrote is for steps; runners made of act evaluate this twice"


def _secrets_in_environments(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs:
        if "secrets." in yaml.safe_dump(job.document) and "environment" not in job.document:
            yield f"{job.name}: a secret, and no environment"


def _pinned(workflow: Workflow) -> Iterator[str]:
    for line in workflow.text.splitlines():
        if "uses:" in line and "uses: ./" not in line and not PINNED.fullmatch(_one_line(line)):
            yield f"`{line.strip()}` is not pinned by a commit, with its version"


def _one_line(line: str) -> str:
    return f"- {line.strip().removeprefix('- ')}"


def _triggers(workflow: Workflow) -> Iterator[str]:
    yield from (f"on: {name}" for name in sorted(workflow.triggers & FORBIDDEN))


def _no_credential_left(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs:
        for step in job.steps:
            kept = step.get("with", {}).get("persist-credentials") != "false"
            if _checks_out(step) and kept:
                yield f"{job.name}: checkout leaves its credential behind"


def _pull_requests_are_harmless(workflow: Workflow) -> Iterator[str]:
    if "pull_request" not in workflow.triggers:
        return
    for job in workflow.jobs:
        if not HOSTED.fullmatch(job.document.get("runs-on", "")):
            yield f"{job.name}: runs the code of a pull request on a runner of ours"
        for name in sorted(WRITES & set(job.permissions)):
            if job.permissions[name] != "read":
                yield f"{job.name}: a pull request gets {name}: {job.permissions[name]}"


def _in_its_environment(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs:
        if not job.acts_for_an_environment:
            continue
        group = job.document.get("concurrency", {}).get("group", "")
        if job.document.get("environment") != ENVIRONMENT:
            yield f"{job.name}: acts for an environment, and does not name it"
        if f"-{ENVIRONMENT}" not in group:
            yield f"{job.name}: is not in a concurrency group of its environment"
        deploys = any(re.search(rf"{re.escape(workflow.command)} deploy ", run) for run in job.runs)
        if deploys and "deploy" not in group:
            yield f"{job.name}: deploys beside others"


def _history(workflow: Workflow) -> Iterator[str]:
    for job in workflow.jobs:
        needing = [run for run in job.runs if HISTORY.match(run.removeprefix(workflow.command))]
        depths = [step.get("with", {}).get("fetch-depth") for step in job.steps if _checks_out(step)]
        if depths and set(depths) != {"0"}:
            yield from (f"{job.name}: `{run}` reads history that is not fetched" for run in needing)


def _checks_out(step: dict[str, Any]) -> bool:
    return step.get("uses", "").startswith("actions/checkout@")


RULES: dict[str, Callable[[Workflow], Iterator[str]]] = {
    "no rights on top": _least_rights,
    "a timeout on every job": _timeout,
    "bash with pipefail": _shell,
    "one command a step": _one_command,
    "red is red": _red_is_red,
    "no expression inside run": _no_expression_in_run,
    "foreign text is read once": _foreign_text_is_read_once,
    "secrets in environments only": _secrets_in_environments,
    "actions pinned by commit": _pinned,
    "no dangerous trigger": _triggers,
    "checkouts keep no credential": _no_credential_left,
    "pull requests are harmless": _pull_requests_are_harmless,
    "jobs of an environment are in it": _in_its_environment,
    "history is there where it is read": _history,
}


def broken_rules(workflow: Workflow) -> list[str]:
    """Return what is wrong with a workflow: the rule, then where."""
    return [f"{name}: {said}" for name, rule in RULES.items() for said in rule(workflow)]


def need_tool(name: str) -> Path:
    """Return where one of the Go tools is; skip with one line where it is not built, and in CI, fail."""
    found = shutil.which(name, path=os.pathsep.join([str(ROOT / ".tools" / "bin"), os.environ["PATH"]]))
    if found:
        return Path(found)
    missing = f"{name} is not built; run `make tools` (needs Go)"
    if os.environ.get("CI"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


def commands_of(workflow: Workflow) -> Generator[str]:
    """Yield every command that its steps run."""
    for job in workflow.jobs:
        yield from job.runs
