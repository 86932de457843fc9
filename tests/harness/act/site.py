"""One project at one host with three environments, in a network of their own; workflows run as events start them."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.harness.act.cloud import Cloud
from tests.harness.act.events import event_of
from tests.harness.act.host import BEARER, NOBODY, Host, Job, of_a_fork
from tests.harness.act.network import Network
from tests.harness.act.runner import Act, Run
from tests.harness.act.triggers import Event, inputs_of, started_by
from tests.harness.github_delivery import APP, PERSON, WORKFLOW, Github
from tests.harness.scaffold import commit_all, git

if TYPE_CHECKING:
    from collections.abc import Callable

WORKFLOWS = ".github/workflows"


@dataclass
class Site:
    """A project, its host, and what has run so far."""

    folder: Path
    network: Network
    host: Host
    cloud: Cloud
    act: Act
    runs: list[Run] = field(default_factory=list[Run])
    approvals: list[str] = field(default_factory=list[str])
    """What people did with pull requests that automations opened: `checks` or `merge`, and its branch."""
    checks: dict[str, bool] = field(default_factory=dict[str, bool])
    """Head of a pull request -> whether CI was green on it."""
    granted: str = "(?!)"
    """Pattern of branches whose checks are not run, and count as green: to spare time where they are not looked at."""
    only: dict[str, str] = field(default_factory=dict[str, str])
    """Workflow -> its one job that is run; of all others, all jobs are."""
    _clones: int = 0

    @property
    def github(self) -> Github:
        return self.host.github

    @property
    def tip(self) -> str:
        """The commit of the default branch."""
        return self.host.refs()["refs/heads/main"]

    def clone(self) -> Path:
        """Return a person's clone of the default branch, set up."""
        self._clones += 1
        target = self.folder / f"clone-{self._clones}"
        git(self.folder, "clone", "--quiet", str(self.host.bare), str(target))
        for name in (".venv", ".stackwright"):
            (target / name).symlink_to(self.act.prepared / name)
        with (target / ".git" / "info" / "exclude").open("a") as file:
            file.write(".venv\n.stackwright\n")
        return target

    def write(self, branch: str, edit: Callable[[Path], object], message: str = "A change") -> None:
        """Commit a person's change, on a branch as it was pushed before; the default branch where they may."""
        clone = self.clone()
        if f"refs/heads/{branch}" in self.host.refs():
            git(clone, "checkout", "--quiet", branch)
        else:
            git(clone, "checkout", "--quiet", "-b", branch)
        edit(clone)
        commit_all(clone, message)
        git(clone, "push", "--quiet", "origin", branch)

    def propose(self, branch: str, edit: Callable[[Path], object], title: str = "A change") -> int:
        """Open a person's pull request, and return its number."""
        self.write(branch, edit, title)
        body = {"head": branch, "base": "main", "title": title, "body": ""}
        _, made = self.github._open_pull(self.github.tokens[PERSON], {}, body)
        return made["number"]

    def open(self, branch: str) -> int:
        """Return the number of the one open pull request of a branch."""
        found = [number for number, pull in self.github.pulls.items() if self._is_open(number, branch)]
        assert 1 == len(found), f"{branch}: {len(found)} pull requests are open; {self._said()}"
        return found[0]

    def _is_open(self, number: int, branch: str) -> bool:
        pull = self.github.pulls[number]
        return pull["state"] == "open" and pull["head"]["ref"] == branch

    def _said(self) -> str:
        return "\n".join(run.log[-3000:] for run in self.runs[-2:])

    def hand(self, workflow: str, **inputs: str) -> Run:
        """Start a workflow by hand, as the form does it; the file is named without its ending."""
        file = f"{WORKFLOWS}/{workflow}.yml"
        values = inputs_of(yaml.load(self.files(self.tip)[file], yaml.BaseLoader), inputs)
        payload = {"inputs": values, "ref": "refs/heads/main"}
        return self._execute(Event("workflow_dispatch", payload, self.tip), file)

    def schedule(self, workflow: str) -> Run:
        """Let the time of a workflow come."""
        file = f"{WORKFLOWS}/{workflow}.yml"
        on = yaml.load(self.files(self.tip)[file], yaml.BaseLoader)["on"]
        event = Event("schedule", {"schedule": on["schedule"][0]["cron"]}, self.tip)
        return self._execute(event, file)

    def alarm(self, **payload: str) -> list[Run]:
        """Send what an alert of an environment sends."""
        body = {"event_type": "retrain", "client_payload": payload}
        self.github._dispatch(self.github.tokens[PERSON], {}, body)
        return self.deliver()

    def approve(self, number: int) -> None:
        """Let the checks of a pull request run, as a person does."""
        self._note("checks", number)
        self.github.approve_checks(number)

    def merge(self, number: int) -> str:
        """Merge a pull request as a person, when its checks are green."""
        self._note("merge", number)
        return self._merge(number, PERSON)

    def _note(self, what: str, number: int) -> None:
        pull = self.github.pulls[number]
        if pull["user"]["type"] == "Bot":
            self.approvals.append(f"{what} {pull['head']['ref']}")

    def _merge(self, number: int, token: str) -> str:
        head = self.github.head_of(self.github.pulls[number]["head"]["ref"])
        assert self.checks.get(str(head)), f"#{number}: CI is not green on {head}"
        return self.github.merge(number, token)

    def deliver(self) -> list[Run]:
        """Run what the host has started so far, and what that starts; checks that wait are left."""
        before = len(self.runs)
        while started := next((item for item in self.github.runs if item.state == "started"), None):
            self.github.runs.remove(started)
            event = event_of(self.github, self.tip, started)
            if self._is_granted(event):
                continue
            for file in started_by(event, self.files(event.commit)):
                self._execute(event, file)
        return self.runs[before:]

    def _is_granted(self, event: Event) -> bool:
        head = event.payload.get("pull_request", {}).get("head", {})
        granted = bool(head) and re.match(self.granted, head["ref"]) is not None
        if granted:
            self.checks[head["sha"]] = True
        return granted

    def settle(self) -> list[Run]:
        """Deliver until nothing is left: what merges by itself is merged when its checks are green."""
        before = len(self.runs)
        self.deliver()
        while (number := self._ready()) is not None:
            by = self.github.pulls[number]["auto_merge"]
            self._merge(number, WORKFLOW if by == "github-actions[bot]" else APP)
            self.deliver()
        return self.runs[before:]

    def _ready(self) -> int | None:
        for number, pull in self.github.pulls.items():
            head = str(self.github.head_of(pull["head"]["ref"]))
            if pull["state"] == "open" and pull["auto_merge"] and self.checks.get(head):
                return number
        return None

    def later(self, **time: float) -> None:
        """Let time pass: all that is at the host was made that much earlier."""
        for item in (*self.github.pulls.values(), *self.github.issues.values(), *self.github.notes):
            made = datetime.strptime(item["created_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
            item["created_at"] = (made - timedelta(**time)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def serving(self) -> dict[str, str | None]:
        """Ask the server of each environment which digest it serves."""
        return {name: self._served(item.serving / "churn.json") for name, item in self.cloud.environments.items()}

    def _served(self, endpoint: Path) -> str | None:
        if not endpoint.exists():
            return None
        url = json.loads(endpoint.read_text())["url"]
        return json.loads(self.network.get(f"{url}/v2/models/churn"))["versions"][0]

    def pin(self, environment: str) -> dict[str, Any]:
        """Return what the default branch pins."""
        return yaml.safe_load(self.show(f"promotions/{environment}/churn.yaml"))

    def show(self, path: str, commit: str = "") -> str:
        """Return a file of a commit, of the default branch if none is named."""
        return git(self.host.bare, "show", f"{commit or self.tip}:{path}")

    def files(self, commit: str) -> dict[str, str]:
        """Return the workflows of a commit."""
        listed = git(self.host.bare, "ls-tree", "--name-only", commit, f"{WORKFLOWS}/").splitlines()
        return {path: self.show(path, commit) for path in listed}

    def table(self) -> list[dict[str, str | float]]:
        """Return how long each workflow ran, in seconds, and how long its processors were busy."""
        return [
            {"workflow": run.workflow, "event": run.event, "seconds": run.seconds, "busy": run.cpu_seconds}
            for run in self.runs
        ]

    def _execute(self, event: Event, file: str) -> Run:
        """Run one workflow for an event."""
        number = len(self.runs) + 1
        text = self.folder / f"files-{number}"
        text.mkdir()
        packed = subprocess.run(
            ["git", "-C", str(self.host.bare), "archive", event.commit, ".github"], capture_output=True, check=True
        )
        subprocess.run(["tar", "-x", "-C", str(text)], input=packed.stdout, check=True)
        document = yaml.load((text / file).read_text(), yaml.BaseLoader)
        forked = (
            event.payload.get("pull_request", {}).get("head", {}).get("repo", {}).get("full_name", self.github.name)
        )
        self.host.job = lambda: self._job(number, document, is_fork=forked != self.github.name)
        self.github.now = datetime.now(UTC)
        payload = {**event.payload, "repository": {"full_name": self.github.name, "default_branch": "main"}}
        try:
            only = self.only.get(Path(file).stem)
            run = self.act.run(file, text, event.name, payload, self._variables(event, number), only)
        finally:
            self.host.job = lambda: NOBODY
        self.runs.append(run)
        if event.name == "pull_request":
            self.checks[event.payload["pull_request"]["head"]["sha"]] = run.green
        return run

    def _job(self, number: int, document: Any, *, is_fork: bool) -> Job:
        """Return the job that has begun last."""
        noted = (self.act.folder / f"run-{number}" / "calls.jsonl").read_text().splitlines()
        if not noted:
            return NOBODY
        said = json.loads(noted[-1])
        job = Job(said["job"], said["environment"], document["jobs"][said["job"]]["permissions"])
        return of_a_fork(job) if is_fork else job

    def _variables(self, event: Event, number: int) -> dict[str, str]:
        return {
            "GITHUB_API_URL": self.host.url,
            "GITHUB_GRAPHQL_URL": f"{self.host.url}/graphql",
            "GITHUB_SERVER_URL": self.host.url,
            "GITHUB_REPOSITORY": self.github.name,
            "GITHUB_REF": event.ref,
            "SHA_REF": event.commit,
            "GITHUB_RUN_ID": str(number),
            "GITHUB_TOKEN": WORKFLOW,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.host.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": BEARER,
        }
