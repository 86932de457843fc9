"""A model walks from dev to prod, and lives on, by the generated workflow files alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.harness.act.cloud import ACCOUNTS
from tests.harness.act.runner import Run
from tests.harness.act.site import Site
from tests.harness.scaffold import git
from tests.harness.scaffold import run as run_in

pytestmark = pytest.mark.rehearsal

PIN = "stackwright/pin/dev/churn"
PROMOTIONS = {name: f"stackwright/promotion/{name}/churn" for name in ("staging", "prod")}


def walk(site: Site) -> str:
    """Take what Train makes to prod, as the files and two people do it; return its digest."""
    _green(site, site.schedule("train"))
    number = site.open(PIN)
    _green(site, *site.settle())
    site.merge(number)
    _green(site, *site.settle())
    last = site.open(PROMOTIONS["prod"])
    site.merge(last)
    _green(site, *site.settle())
    return str(site.pin("prod")["digest"])


def _green(site: Site, *runs: Run) -> None:
    for run in runs:
        assert run.green, f"{run.workflow}: {run.red}\n{run.log[-6000:]}"


def _ran(runs: list[Run]) -> list[str]:
    return [run.workflow for run in runs]


def _comments(site: Site, number: int) -> list[str]:
    return [note["body"] for note in site.github.notes if note["on"] == number]


@pytest.mark.slow
def test_a_model_walks_from_dev_to_prod(delivery: Site, tmp_path: Path) -> None:
    """Trained on schedule, served everywhere with one digest after two people have said yes.

    Of the checks, the job that says what a merge would do is run, for the first pull request; all of them are below.
    """
    delivery.only = {"ci": "preview"}
    delivery.granted = "stackwright/promotion/"

    digest = walk(delivery)

    (tmp_path / "workflows.json").write_text(json.dumps(delivery.table(), indent=1))
    assert ["train", "ci", "deploy", "promote", "deploy", "promote", "deploy"] == _ran(delivery.runs)
    assert dict.fromkeys(ACCOUNTS, digest) == delivery.serving()
    assert [f"merge {PIN}", f"merge {PROMOTIONS['prod']}"] == delivery.approvals
    _only_merges_moved_the_default_branch(delivery)
    _the_pin_was_shown_with_its_evidence(delivery, digest)
    _each_job_was_in_its_own_environment(delivery)
    _each_deployment_was_verified(delivery)


def _only_merges_moved_the_default_branch(site: Site) -> None:
    """And only the app has pushed, to branches of proposals."""
    subjects = git(site.host.bare, "log", "--first-parent", "--reverse", "--format=%s", "main").splitlines()
    merged = [f"Merge #{pull['number']}" for pull in site.github.pulls.values()]

    assert ["Scaffold", "Lock", "Connect", *merged] == subjects
    assert {("acme-delivery[bot]", f"refs/heads/{branch}") for branch in (PIN, *PROMOTIONS.values())} == {
        (push.login, push.ref) for push in site.host.pushes
    }


def _the_pin_was_shown_with_its_evidence(site: Site, digest: str) -> None:
    """In the pull request; the comment of its checks says what a merge does, once."""
    number, pull = next((number, pull) for number, pull in site.github.pulls.items() if pull["head"]["ref"] == PIN)
    (comment,) = _comments(site, number)
    evidence = json.loads(site.show(f"promotions/evidence/dev/churn/{digest.removeprefix('sha256:')}.json"))

    assert "Gate: **pass**" in pull["body"]
    assert digest == evidence["candidate"]
    assert digest[:19].replace(":", "&#58;") in comment
    assert {"evaluate", "sbom.json"} == {path.name for path in (site.act.folder / "run-1/artifacts/churn").iterdir()}


def _each_job_was_in_its_own_environment(site: Site) -> None:
    """It took the role of its environment in that environment's account, and was known as one of its jobs."""
    signed_in = [call for run in site.runs for call in run.calls if call["action"] == "configure-aws-credentials"]

    assert {"train", "deploy", "promote"} == {call["job"] for call in signed_in}
    for call in signed_in:
        name, inputs = call["environment"], call["inputs"]
        assert f"arn:aws:iam::{ACCOUNTS[name]}:role/acme-{name}-churn-deploy" == inputs["role-to-assume"]
        assert ACCOUNTS[name] == inputs["allowed-account-ids"]
    assert {f"repo:acme@1/churn@2:environment:{name}" for name in ACCOUNTS} == {
        claims["sub"] for claims in site.host.claims
    }


def _each_deployment_was_verified(site: Site) -> None:
    for run in site.runs:
        if run.workflow == "deploy":
            assert "success" == next(step.result for step in run.steps if step.name.startswith("See that it serves"))


@pytest.mark.slow
def test_its_life_goes_on(delivery: Site) -> None:
    """All checks until it is in prod; then an alarm, traffic of a changed world, a rollback, and what must be red."""
    first = walk(delivery)
    delivery.granted = "weaker|stackwright/"
    _an_alarm_retrains(delivery, first)
    _a_changed_world_is_found_once(delivery)
    _a_rollback_serves_the_one_before(delivery, first)
    _a_bad_candidate_is_red(delivery)
    _a_corrupt_package_is_red(delivery)


def _change(site: Site, name: str, edit: Any) -> None:
    """Merge a person's change, when its checks are green."""
    number = site.propose(name, edit)
    _green(site, *site.settle())
    site.merge(number)
    assert [] == site.settle(), "a change of the code deploys nothing"


def _replaced(path: str, old: str, new: str) -> Any:
    def edit(clone: Path) -> None:
        text = (clone / path).read_text()
        assert old in text
        (clone / path).write_text(text.replace(old, new))

    return edit


def _an_alarm_retrains(site: Site, first: str) -> None:
    """Once, however often it comes, and what it makes walks to prod."""
    _change(site, "more-iterations", _replaced("params.yaml", "iterations: 120", "iterations: 121"))
    site.later(hours=30)
    payload = {"model": "churn", "key": "alert-1", "environment": "prod", "reason": "latency"}
    runs = site.alarm(**payload)
    again = site.alarm(**payload)

    _green(site, *runs, *again)
    assert (["train"], ["train"]) == (_ran(runs), _ran(again))
    assert {"What is due": "success"} == again[0].jobs
    site.merge(site.open(PIN))
    _green(site, *site.settle())
    site.merge(site.open(PROMOTIONS["prod"]))
    _green(site, *site.settle())
    assert {*site.serving().values()} == {site.pin("prod")["digest"]} != {first}


def _a_changed_world_is_found_once(site: Site) -> None:
    """A report is kept, one issue is open, and a retraining is asked for, which cools down."""
    clone = site.clone()
    there = site.cloud.environments["prod"]
    url = json.loads((there.serving / "churn.json").read_text())["url"]
    labels = there.folder / "labels" / "churn" / "drift.csv"
    traffic = ("-m", "churn.simulate", "traffic", "--url", url, "--model", "churn", "--labels", labels, "--drift")
    for words in ((".venv/bin/dvc", "repro", "split"), (".venv/bin/python", *traffic)):
        done = run_in(
            clone, *site.network.command(*words), PYTHONPATH="src", PATH=f"{clone}/.venv/bin:{os.environ['PATH']}"
        )
        assert 0 == done.returncode, done.stdout

    runs = [site.hand("monitor"), *site.deliver(), site.hand("monitor"), *site.deliver()]

    _green(site, *runs)
    assert ["monitor", "train", "monitor", "train"] == _ran(runs)
    findings = [item["title"] for item in site.github.issues.values() if item["state"] == "open"]
    assert ["churn in prod: retrain"] == findings
    kept = site.act.folder / f"run-{site.runs.index(runs[0]) + 1}" / "artifacts" / "prod-churn" / "monitor"
    assert {"report.html", "result.json", "finding.md"} == {path.name for path in kept.iterdir()}
    assert "cools down" in runs[1].summary.replace("&#32;", " ")


def _a_rollback_serves_the_one_before(site: Site, first: str) -> None:
    """There alone: nothing else has another package to run."""
    _green(site, site.hand("rollback", environment="prod", model="churn", reason="answers are wrong"))
    number = site.open("stackwright/rollback/prod/churn")
    _green(site, *site.settle())
    site.merge(number)
    runs = site.settle()

    _green(site, *runs)
    assert ["deploy"] == _ran(runs)
    assert first == site.serving()["prod"]


def _a_bad_candidate_is_red(site: Site) -> None:
    """At its gate, with the reason in the summary; nothing is proposed."""
    _change(site, "weaker", _replaced("params.yaml", "iterations: 121", "iterations: 1"))
    before = len(site.github.pulls)

    tried = site.hand("train")

    assert (False, ["Gate"]) == (tried.green, tried.red)
    assert "gate: blocked" in tried.summary
    assert before == len(site.github.pulls)


def _a_corrupt_package_is_red(site: Site) -> None:
    """In the store of the environment: it is not deployed, and what is served stays."""
    there, served = site.cloud.environments["staging"], site.serving()
    store = there.client("s3")
    listed = store.list_objects_v2(Bucket=there.bucket)["Contents"]
    key = next(item["Key"] for item in listed if served["staging"][7:] in item["Key"] and item["Key"].endswith(".onnx"))
    content = store.get_object(Bucket=there.bucket, Key=key)["Body"].read()
    changed = bytes([content[0] ^ 1]) + content[1:]
    store.put_object(Bucket=there.bucket, Key=key, Body=changed)

    tried = site.hand("deploy")

    assert {"Environments": "success", "dev": "success", "staging": "failure", "prod": "success"} == tried.jobs
    assert ["Deploy"] == tried.red
    assert "but the manifest says" in tried.summary
    assert served == site.serving()
