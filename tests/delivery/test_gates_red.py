"""Every command of the workflow files turns its job red once, for a cause of its own; nothing comes after it."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.delivery.marker import Finding, marked
from pipelines.hosts.github_delivery import LABEL
from tests.harness.act.cloud import Cloud
from tests.harness.act.host import hosted
from tests.harness.act.network import network
from tests.harness.act.runner import Act, Run
from tests.harness.act.site import Site
from tests.harness.github_delivery import WORKFLOW, Answer
from tests.harness.project import Toy, model_settings
from tests.harness.scaffold import git
from tests.harness.toy_site import MODEL, ToySite, toy_site

NO = Answer(422, {"message": "Validation Failed", "errors": [{"field": "this", "code": "custom", "message": "no"}]})
APP = "awssecretsmanager:///acme-delivery"
"""Where no environment of folders can look."""
REFUSES = '#!/bin/sh\ncase "$1" in refs/heads/stackwright/*) echo "not today" >&2; exit 1;; esac\n'
WORSE = {"wrong_every": 2}

Cause = Callable[[ToySite], object]


def file(path: str, content: object = "") -> Cause:
    """Write a file, and merge that."""
    text = content if isinstance(content, str) else json.dumps(content)

    def write(clone: Path) -> None:
        (clone / path).parent.mkdir(parents=True, exist_ok=True)
        (clone / path).write_text(text)

    return lambda site: site.land(write)


def broken(target: str) -> Cause:
    """Let `make TARGET` fail."""
    return file(f"broken/{target}")


def edited(path: str, **changes: object) -> Cause:
    """Change fields of a file, and merge that."""
    return lambda site: site.land(lambda clone: Toy(clone, Path()).edit(path, **changes))


def refused(request: str) -> Cause:
    """Let the host refuse a request."""
    return lambda site: site.github.faults.append((request, NO))


def registered(**values: object) -> Cause:
    """Pin another package in dev."""
    return lambda site: site.release(**values)


def first(cause: Cause, then: Cause) -> Cause:
    """Let two things happen."""
    return lambda site: (cause(site), then(site))


def no_pushes(site: ToySite) -> None:
    """Let the host refuse every push of a job."""
    hook = site.host.bare / "hooks" / "update"
    hook.write_text(REFUSES)
    hook.chmod(0o755)


def no_tracker(environment: str) -> Cause:
    """Take the tracking server of an environment away."""
    gone = {"flavor": "mlflow", "tracking_uri": "sqlite:////nowhere/mlflow.db", "version": "3.17"}
    return edited(f"stack/{environment}.json", experiment_tracker=gone)


def nothing(site: ToySite) -> None:
    """Change nothing: the inputs are wrong."""


UNKNOWN_FIELD = edited("stack/dev.json", gpus=3)
NO_APP = edited(
    ".stackwright.yaml", app={"client_id": "Iv23gates", "private_keys": dict.fromkeys(("dev", "staging"), APP)}
)
NO_SERVER = edited(".stackwright.yaml", models={MODEL: model_settings(MODEL) | {"serve": ["false"]}})
TRAINS = file("params.json", {"wrong_every": 8})
FINDING = file("broken/monitor", "finding=true\nkey=monitor/dev/toy\ntitle=toy in dev: retrain\n")
WELL = first(
    lambda site: site.github._open_issue(
        site.github.tokens[WORKFLOW],
        {},
        {"title": "x", "body": marked(Finding(finding="monitor/dev/toy"), "x"), "labels": [LABEL]},
    ),
    file("broken/monitor", "finding=false\nkey=monitor/dev/toy\n"),
)
RETRAINS = file("broken/monitor", "retraining=monitor/dev/toy/0123456789abcdef\ntitle=toy in dev: retrain\n")
PULLS, ISSUES, DISPATCHES = (f"POST repos/acme/churn/{name}" for name in ("pulls", "issues", "dispatches"))


def pull_request(edit: Callable[[Path], object]) -> Cause:
    """Propose a change; its checks are what runs."""
    return lambda site: site.propose("a-branch", edit)


def bad_pin(clone: Path) -> None:
    """Pin what was never registered."""
    Toy(clone, Path()).edit(f"promotions/prod/{MODEL}.yaml", digest=f"sha256:{'0' * 64}")


def noted(clone: Path) -> None:
    """Change something that concerns nobody."""
    (clone / "notes.md").write_text("notes")


def stops_at(name: str) -> Callable[[Path], object]:
    """Leave a file that lets a target fail."""

    def edit(clone: Path) -> None:
        (clone / "broken").mkdir()
        (clone / "broken" / name).touch()

    return edit


@dataclass(frozen=True)
class Case:
    """One step that turns red."""

    workflow: str
    job: str
    step: str
    cause: Cause
    start: Callable[[ToySite], Run]
    says: str = ""
    """What the log says of it."""

    def __str__(self) -> str:
        return f"{self.workflow}/{self.job}: {self.step}"


def by_hand(workflow: str, **inputs: str) -> Callable[[ToySite], Run]:
    """Start a workflow as a person does."""
    return lambda site: site.hand(workflow, **inputs)


def merged(site: ToySite) -> Run:
    """Run Deploy for what was merged: of one environment."""
    return site.execute("deploy", site.started("push"))


def checks(site: ToySite) -> Run:
    """Run what a pull request starts."""
    [run] = site.deliver()
    return run


def checks_without_base(site: ToySite) -> Run:
    """Run what a pull request starts whose base is gone."""
    event = site.started("pull_request")
    event.payload["pull_request"]["base"]["ref"] = "gone"
    return site.execute("ci", event)


ROLLBACK = by_hand("rollback", environment="dev", model=MODEL, reason="complaints")
EMERGENCY = by_hand("rollback", environment="dev", model=MODEL, reason="complaints", emergency="true")
LISTS = "List what it is made with, for the evidence"
PROMOTE = by_hand("promote", environment="dev")

CASES = [
    Case("ci", "check", "Format, style and types", pull_request(stops_at("lint")), checks, "lint is broken"),
    Case("ci", "check", "Tests, of the data contract among them", pull_request(stops_at("test")), checks),
    Case("ci", "check", "The pipeline from end to end, on a small sample", pull_request(stops_at("smoke")), checks),
    Case(
        "ci",
        "check",
        "Contract of every environment",
        pull_request(lambda clone: Toy(clone, Path()).edit("stack/dev.json", gpus=3)),
        checks,
        "stack/dev.json: gpus: unknown field",
    ),
    Case("ci", "check", "Every pin", pull_request(bad_pin), checks, f"promotions/prod/{MODEL}.yaml: digest"),
    Case("ci", "preview", "Compare pins", pull_request(noted), checks_without_base, "not in this clone"),
    Case(
        "ci",
        "preview",
        "Comment",
        first(
            refused(r"POST repos/acme/churn/issues/\d+/comments"),
            pull_request(noted),
        ),
        checks,
        "422",
    ),
    Case("deploy", "environments", "Whose pins or contract changed", UNKNOWN_FIELD, by_hand("deploy"), "unknown field"),
    Case("deploy", "deploy", "Deploy", registered(serve="crash"), merged, "the model cannot be loaded"),
    Case(
        "deploy",
        "deploy",
        "See that it serves what is pinned",
        registered(answers=3),
        merged,
        "dev serves nothing",
    ),
    Case("deploy", "deploy", "Start what promotes from here", refused(DISPATCHES), by_hand("deploy")),
    Case("promote", "environments", "What promotes from there", nothing, by_hand("promote", environment="nowhere")),
    Case("promote", "promote", "Make the rows that the gate scores", broken("rows"), PROMOTE),
    Case("promote", "promote", LISTS, broken("sbom"), PROMOTE),
    Case("promote", "promote", "Gate", registered(**WORSE), PROMOTE, "accuracy"),
    Case("promote", "promote", "Promote", no_tracker("staging"), PROMOTE),
    Case("promote", "promote", "Sign in as the organisation's app", NO_APP, PROMOTE),
    Case("promote", "promote", "Propose", refused(PULLS), PROMOTE),
    Case(
        "rollback",
        "environments",
        "The environment",
        nothing,
        by_hand("rollback", environment="nowhere", model=MODEL, reason="x"),
    ),
    Case(
        "rollback",
        "rollback",
        "Prepare",
        nothing,
        by_hand("rollback", environment="dev", model="another", reason="x"),
        "another",
    ),
    Case("rollback", "rollback", "Push the branch only", no_pushes, EMERGENCY, "not today"),
    Case("rollback", "rollback", "Deploy it at once", NO_SERVER, EMERGENCY, "the server ended"),
    Case("rollback", "rollback", "Sign in as the organisation's app", NO_APP, ROLLBACK),
    Case("rollback", "rollback", "Propose", refused(PULLS), ROLLBACK),
    Case("train", "due", "Environments", UNKNOWN_FIELD, by_hand("train"), "unknown field"),
    Case("train", "due", "Which models are due, and why", nothing, by_hand("train", model="another"), "another"),
    Case("train", "train", "Fetch data", first(TRAINS, broken("pull")), by_hand("train")),
    Case("train", "train", "Run the pipeline, and record the run", broken("train"), by_hand("train")),
    Case("train", "train", "Keep data", first(TRAINS, broken("push")), by_hand("train")),
    Case("train", "train", "Register", first(TRAINS, broken("package")), by_hand("train"), "model.json"),
    Case("train", "train", "Gate", file("params.json", WORSE), by_hand("train"), "accuracy"),
    Case("train", "train", LISTS, first(TRAINS, broken("sbom")), by_hand("train")),
    Case("train", "train", "Sign in as the organisation's app", first(TRAINS, NO_APP), by_hand("train")),
    Case("train", "train", "Propose", first(TRAINS, refused(PULLS)), by_hand("train")),
    Case("monitor", "environments", "Environments", UNKNOWN_FIELD, by_hand("monitor"), "unknown field"),
    Case("monitor", "monitor", "Monitor", file("policies/monitor.yaml", "models: 3\n"), by_hand("monitor")),
    Case("monitor", "monitor", "Keep one issue", first(FINDING, refused(ISSUES)), by_hand("monitor")),
    Case(
        "monitor",
        "monitor",
        "Close the issue",
        first(WELL, refused(r"PATCH repos/acme/churn/issues/\d+")),
        by_hand("monitor"),
    ),
    Case("monitor", "monitor", "Retrain", first(RETRAINS, refused(DISPATCHES)), by_hand("monitor")),
    Case("update", "environments", "Environments", UNKNOWN_FIELD, by_hand("update"), "unknown field"),
    Case("update", "template", "Update", broken("update"), by_hand("update")),
    Case("update", "template", "Sign in as the organisation's app", NO_APP, by_hand("update")),
    Case("update", "contract", "Pull", nothing, by_hand("update")),
]
ELSEWHERE = {
    "update/template: Propose": "the same command as in Promote; the toy's update changes nothing",
    "update/contract: Sign in as the organisation's app": "the same command as for the template",
    "update/contract: Propose": "the same command as in Promote",
}
"""Steps without a case of their own, and why."""
SAMPLE = {"ci/check: Contract of every environment", "deploy/deploy: Deploy", "promote/promote: Gate"}


def slow_but_some() -> Iterator[Any]:
    """Yield the cases; those that are no sample are left to `make test-all`."""
    for case in CASES:
        marks = [] if str(case) in SAMPLE else [pytest.mark.slow]
        yield pytest.param(case, id=str(case), marks=marks)


@pytest.fixture
def site(released: Toy, rendered: Path, tmp_path: Path) -> Generator[ToySite]:
    """A project of release 1 everywhere and release 2 in dev, at its host."""
    with toy_site(released, rendered, tmp_path / "site") as found:
        yield found


def steps_of(folder: Path) -> dict[str, list[str]]:
    """Return the names of the steps that run a command, by their job, in order."""
    return {
        f"{path.stem}/{name}": [step["name"] for step in job["steps"] if "run" in step]
        for path in sorted((folder / ".github" / "workflows").glob("*.yml"))
        for name, job in yaml.load(path.read_text(), yaml.BaseLoader)["jobs"].items()
    }


def test_every_step_has_its_case(rendered: Path) -> None:
    """A step that is added, and that nobody has seen red, is noticed."""
    written = {f"{job}: {step}" for job, steps in steps_of(rendered).items() for step in steps}

    assert written == {str(case) for case in CASES} | set(ELSEWHERE)
    assert len(CASES) == len({str(case) for case in CASES})
    assert set(SAMPLE) <= written


@pytest.mark.parametrize("case", list(slow_but_some()))
def test_a_step_turns_its_job_red(case: Case, site: ToySite, rendered: Path) -> None:
    """With the reason in the log; nothing of its job runs after it."""
    case.cause(site)

    run = case.start(site)

    steps = steps_of(rendered)[f"{case.workflow}/{case.job}"]
    after = set(steps[steps.index(case.step) + 1 :])
    red = {step.job for step in run.steps if step.name == case.step and step.result == "failure"}
    went_on = [step for step in run.steps if step.job in red and step.name in after and step.result != "skipped"]
    assert not run.green
    assert red, run.log
    assert {"failure"} == {run.jobs[job] for job in red}
    assert case.says in run.log
    assert [] == went_on


@pytest.fixture
def scaffolded(prepared_project: Path, tmp_path: Path) -> Generator[Site]:
    """A scaffolded project at its host, set up and not connected."""
    (tmp_path / "act").mkdir()
    with network() as inside, hosted(inside, tmp_path / "host") as host:
        git(prepared_project, "push", "--quiet", str(host.bare), "HEAD:refs/heads/main")
        yield Site(tmp_path, inside, host, Cloud("", {}), Act(inside, tmp_path / "act", prepared_project, {}))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "text", "step"),
    [
        ("src/churn/notes.py", "x = 1;y=2", "Format, style and types"),
        (
            "tests/test_it.py",
            '"""No."""\n\n\ndef test_it() -> None:\n    """No."""\n    assert not 1\n',
            "Tests, of the",
        ),
    ],
)
def test_what_a_scaffolded_project_checks_is_red(path: str, text: str, step: str, scaffolded: Site) -> None:
    """Its own lint and its own tests, as a person breaks them; nothing else of the job runs."""
    scaffolded.propose("a-branch", lambda clone: (clone / path).write_text(text))

    [run] = scaffolded.deliver()

    assert "failure" == run.jobs["Check"], run.log[-3000:]
    assert [step] == [name[: len(step)] for name in run.red], run.log[-3000:]
