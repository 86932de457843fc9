"""Proposals: one branch, one pull request, and never the default branch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pipelines.delivery.marker import Proposal, read
from pipelines.release.gating import gate
from pipelines.release.promotion import promote
from pipelines.release.register import register
from pipelines.release.rollback import rollback
from tests.harness.github_delivery import APP, PERSON, READER, WORKFLOW, Run
from tests.harness.proposing import BRANCH, PIN, WORDS, propose

if TYPE_CHECKING:
    from tests.pipelines.delivery.conftest import Job


def test_a_promotion_becomes_one_commit_and_one_pull_request(promoted: Job) -> None:
    """The commit is the automation's, on top of the tip; the default branch, HEAD and the index stay."""
    promoted.act_as(APP)
    tip, status = promoted.host.head_of("main"), promoted.toy.git("status", "--porcelain")

    propose(promoted)

    commit = promoted.outputs["commit"]
    said = promoted.toy.git("log", "-1", "--format=%ae %P %s", commit)
    assert f"noreply@stackwright.invalid {tip} Promote toy 2 to staging" == said
    assert commit == promoted.host.head_of(BRANCH)
    assert [tip, tip] == [promoted.host.head_of("main"), promoted.toy.git("rev-parse", "HEAD")]
    assert status == promoted.toy.git("status", "--porcelain")
    assert {"status": "opened", "branch": BRANCH, "pull_request": "1"}.items() <= promoted.outputs.items()
    assert [Run("pull_request", "started", 1)] == promoted.host.runs
    changed = promoted.toy.git("diff", "--name-only", "HEAD", commit).split()
    assert PIN in changed
    assert all(path.startswith(("promotions/staging/", "promotions/evidence/staging/toy/")) for path in changed)


def test_the_pull_request_shows_evidence_and_says_what_it_is(promoted: Job) -> None:
    """People see the gate's table; programs read one line."""
    promoted.act_as(APP)

    propose(promoted, *WORDS, "--reason", "because <b>@octavia</b>\n::set-output name=x::y")

    body = promoted.host.pulls[1]["body"]
    said = read(body, Proposal)
    assert said is not None
    assert ("promotion", "staging", "toy", promoted.toy.pin("dev")["digest"]) == (
        said.proposes, said.environment, said.model, said.subject,
    )  # fmt: skip
    assert "Gate: **pass**" in body
    assert "| metric | candidate | champion | baseline |" in body
    assert "/actions/runs/4711#artifacts" in body
    assert "@octavia" not in body
    assert "\n::" not in body


def test_the_same_twice_is_one_pull_request(promoted: Job) -> None:
    """A second run finds its commit and its pull request; the later run updates the text."""
    promoted.act_as(APP)
    propose(promoted)
    first = promoted.outputs["commit"]

    propose(promoted)
    again = promoted.outputs
    promoted.run_number(4712)
    propose(promoted)

    assert ("unchanged", first) == (again["status"], again["commit"])
    assert ("updated", first) == (promoted.outputs["status"], promoted.outputs["commit"])
    assert [1] == list(promoted.host.pulls)


def test_another_change_moves_the_same_branch(job: Job) -> None:
    """A new candidate takes the place of the old one in the same pull request."""
    job.act_as(APP)
    gate(job.toy.project, "staging", "toy")
    promote(job.toy.project, "staging", "toy")
    propose(job)
    job.toy.git("stash", "-qu")
    job.toy.publish(wrong_every=9)
    job.push()
    gate(job.toy.project, "staging", "toy")
    promote(job.toy.project, "staging", "toy")

    propose(job)

    assert "updated" == job.outputs["status"]
    assert [(1, "Promote toy 3 to staging")] == [(number, pull["title"]) for number, pull in job.host.pulls.items()]
    assert "1" == job.toy.git("rev-list", "--count", f"main..{job.outputs['commit']}")


def test_without_the_app_the_clicks_that_remain_are_told(promoted: Job) -> None:
    """The workflow's own token opens a pull request whose checks wait, and its merge starts nothing."""
    done = propose(promoted)

    assert "approve its checks, then merge it; both are left to people" in done.out
    assert "wait until somebody with write access approves them" in promoted.host.pulls[1]["body"]
    assert [Run("pull_request", "waits", 1)] == promoted.host.runs
    assert promoted.host.pulls[1]["auto_merge"] is None


def test_a_promotion_merges_itself_but_not_into_production(promoted: Job) -> None:
    """Two approvals by people in the life of a release: before its first pin, and into production."""
    promoted.act_as(APP)
    propose(promoted)
    assert "acme-delivery[bot]" == promoted.host.pulls[1]["auto_merge"]
    promoted.host.merge(1)
    promoted.toy.git("stash", "-qu")
    promoted.toy.git("pull", "-q", "origin", "main")
    gate(promoted.toy.project, "prod", "toy")
    promote(promoted.toy.project, "prod", "toy")

    propose(promoted, "propose", "--kind", "promotion", "--environment", "prod", "--model", "toy")

    assert promoted.host.pulls[2]["auto_merge"] is None


def test_where_the_plan_has_no_merging_by_itself_a_person_merges(promoted: Job) -> None:
    """The proposal is there all the same, and the click is told."""
    promoted.act_as(APP)
    promoted.host.auto_merge_allowed = False

    done = propose(promoted)

    assert "a person merges it: pull request 1: cannot merge by itself: Auto merge is not allowed" in done.out


def test_a_proposal_that_a_person_closed_is_not_made_again(promoted: Job) -> None:
    """The same digest stays declined; nothing is pushed."""
    promoted.act_as(APP)
    propose(promoted)
    promoted.host.close(1)
    promoted.host.calls.clear()

    done = propose(promoted)

    assert "declined" == promoted.outputs["status"]
    assert "a person closed the same proposal; open it again" in done.out
    assert [] == promoted.host.changes()


def test_what_the_default_branch_has_is_not_proposed(promoted: Job) -> None:
    """A job that is run again an hour later, after the merge, finds nothing to propose."""
    promoted.act_as(APP)
    propose(promoted)
    promoted.host.merge(1)

    propose(promoted)

    assert {"status": "nothing", "pull_request": ""}.items() <= promoted.outputs.items()
    assert [1] == list(promoted.host.pulls)


def test_other_changes_are_left_where_they_are(promoted: Job) -> None:
    """Code that changed in the working tree is not part of a promotion, and is named."""
    promoted.act_as(APP)
    (promoted.root / "evil.py").write_text("")

    done = propose(promoted)

    assert "left out, not part of this: evil.py" in done.out
    assert "evil.py" not in promoted.toy.git("ls-tree", "-r", "--name-only", promoted.outputs["commit"]).split()


def test_a_job_beside_the_default_branch_proposes_nothing(promoted: Job) -> None:
    """A workflow that a person starts on another branch cannot smuggle its commits in."""
    promoted.toy.git("checkout", "-qb", "other")
    promoted.toy.git("commit", "-q", "--allow-empty", "-m", "other")

    done = promoted.ci(*WORDS)

    assert (1, ["HEAD: not on the default branch; proposals are made by jobs that run there"]) == (
        done.code,
        done.problems,
    )
    assert promoted.host.head_of(BRANCH) is None


def test_where_workflows_may_not_open_pull_requests_it_is_said(promoted: Job) -> None:
    """The branch is there, and the switch is named."""
    promoted.host.workflows_may_open = False

    done = promoted.ci(*WORDS)

    assert 1 == done.code
    assert "let workflows open them (Settings, Actions, General)" in done.err
    assert promoted.host.head_of(BRANCH) is not None


def test_an_emergency_pushes_the_branch_only_and_the_same_commit_is_proposed_later(job: Job) -> None:
    """First the branch, for `deploy --ref`; then the pull request of that very commit."""
    job.act_as(APP)
    gate(job.toy.project, "staging", "toy")
    promote(job.toy.project, "staging", "toy")
    job.toy.commit("pin")
    job.push()
    rollback(job.toy.project, "staging", "toy", "it lies")
    words = ("propose", "--kind", "rollback", "--environment", "staging", "--model", "toy", "--reason", "it lies")

    propose(job, *words, "--emergency")
    pushed = job.outputs
    propose(job, *words)

    assert ("pushed", "", []) == (pushed["status"], pushed["pull_request"], job.host.changes("POST .*/pulls")[1:])
    assert ("opened", pushed["commit"]) == (job.outputs["status"], job.outputs["commit"])
    assert "Roll toy in staging back from 2 to 1" == job.host.pulls[2 - 1]["title"]


def test_a_new_release_is_proposed_with_its_evidence_and_its_lock(job: Job) -> None:
    """`--kind pin`: the pin, the evidence of the gate there, `dvc.lock`; a person merges it, and its key is noted."""
    job.act_as(APP)
    job.toy.build(wrong_every=9)
    register(job.toy.project, "toy")
    gate(job.toy.project, "dev", "toy")
    (job.root / "dvc.lock").write_text("schema: '2.0'\n")
    metrics = job.text("metrics.json", '{"accuracy": 0.9}')
    words = ("--kind", "pin", "--environment", "dev", "--model", "toy", "--key", "k/1", "--evidence", metrics)

    propose(job, "propose", *words)

    changed = job.toy.git("diff", "--name-only", "HEAD", job.outputs["commit"]).split()
    pin = job.toy.pin("dev")
    evidence = f"promotions/evidence/dev/toy/{str(pin['digest'])[7:]}.json"
    assert ["dvc.lock", "promotions/dev/toy.yaml", evidence] == changed
    said = read(job.host.pulls[1]["body"], Proposal)
    assert said is not None
    assert ("k/1", "4711", pin["digest"]) == (said.key, said.run, said.subject)
    assert "Gate: **pass**" in job.host.pulls[1]["body"]
    assert '<code>metrics&#46;json</code>\n\n```text\n{"accuracy": 0.9}\n```' in job.host.pulls[1]["body"]
    assert job.host.pulls[1]["auto_merge"] is None
    assert "gate passed with" in job.ci("preview", "--base", "origin/main").out


WRONG = {
    "no model": (
        ("--kind", "pin", "--environment", "dev"),
        "--model: missing; a pin is of one model in one environment",
    ),
    "a model that is none": (
        ("--kind", "pin", "--environment", "dev", "--model", "x\n::set-output name=a::b"),
        "--model: `x\\n::set-output name=a::b`: not the name of any model; "
        "up to 64 letters and digits, with . _ - between them",
    ),
    "a model of others": (
        ("--kind", "pin", "--environment", "dev", "--model", "other"),
        ".stackwright.yaml: models: no `other`; choose one of toy",
    ),
    "an environment that climbs": (
        ("--kind", "pin", "--environment", "../dev", "--model", "toy"),
        "--environment: `../dev`: not the name of any environment; "
        "up to 64 letters and digits, with . _ - between them",
    ),
    "an emergency that is none": (
        ("--kind", "pin", "--environment", "dev", "--model", "toy", "--emergency"),
        "--emergency: not for `pin`; only a rollback is deployed before it is merged",
    ),
    "a key with a command": (
        ("--kind", "pin", "--environment", "dev", "--model", "toy", "--key", "$(reboot)"),
        "--key: `$(reboot)`: not a key; up to 128 letters, digits and any of . _ : / + -",
    ),
    "an update of a model": (
        ("--kind", "update", "--model", "toy"),
        "--kind: `update` is not of one model; leave out what names one",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_proposed_is_refused(name: str, job: Job) -> None:
    """Nothing reaches git or the host before every word was checked."""
    words, told = WRONG[name]

    done = job.ci("propose", *words)

    assert (1, [told]) == (done.code, done.problems)
    assert [] == job.host.calls


def test_an_update_takes_all_that_changed_and_names_conflicts(job: Job) -> None:
    """A template's update is one commit of everything, and where it disagrees with the project is said."""
    job.act_as(APP)
    job.toy.edit(".stackwright.yaml", revision="1" * 40)
    (job.root / "new.py").write_text("<<<<<<< before updating\n=======\n>>>>>>> after updating\n")

    propose(job, "propose", "--kind", "update")

    assert "stackwright/update" == job.outputs["branch"]
    assert "Update to the platform at 111111111111" == job.host.pulls[1]["title"]
    assert "**Resolve before merging:**\n\n- <code>new&#46;py</code>" in job.host.pulls[1]["body"]
    assert job.host.pulls[1]["auto_merge"] is None


def test_workflows_that_a_token_may_not_change_are_told(job: Job) -> None:
    """The host refuses the push; half an update would never be completed, so none is proposed."""
    hook = job.host.bare / "hooks" / "pre-receive"
    told = "refusing to allow a GitHub App to create or update workflow without `workflows` permission"
    hook.write_text(f"#!/bin/sh\necho '{told}' >&2\nexit 1\n")
    hook.chmod(0o755)
    job.toy.edit(".stackwright.yaml", revision="1" * 40)

    done = job.ci("propose", "--kind", "update")

    assert 4 == done.code
    assert "the host lets only an app with `workflows: write` change workflows" in done.err
    assert {} == job.host.pulls


def test_contracts_are_proposed_alone(job: Job) -> None:
    """A contract's branch holds that contract and nothing else."""
    job.act_as(APP)
    job.toy.edit("stack/dev.json", contract_version="1.9")
    job.toy.edit("stack/prod.json", contract_version="1.9")

    propose(job, "propose", "--kind", "contract", "--environment", "dev")

    assert ["stack/dev.json"] == job.toy.git("diff", "--name-only", "HEAD", job.outputs["commit"]).split()
    assert "stackwright/contract/dev" == job.outputs["branch"]


def test_a_token_that_only_reads_cannot_propose(promoted: Job) -> None:
    """The refusal names the permission."""
    promoted.act_as(READER)

    done = promoted.ci(*WORDS)

    assert 1 == done.code
    assert "Resource not accessible by integration" in done.err


def test_results_are_a_document_too(promoted: Job) -> None:
    """`--format json` writes one document to standard output."""
    done = propose(promoted, *WORDS, "--format", "json")

    assert "opened" == json.loads(done.out)["outputs"]["status"]


def test_a_merge_by_the_workflows_own_token_starts_nothing(promoted: Job) -> None:
    """What the double models is what the message tells."""
    propose(promoted)
    promoted.host.merge(1, WORKFLOW)

    assert [] == [run for run in promoted.host.runs if run.event == "push"]


def test_a_merge_by_a_person_deploys(promoted: Job) -> None:
    """Also where the workflow's own token has opened it."""
    propose(promoted)
    commit = promoted.host.merge(1, PERSON)

    assert Run("push", "started", commit) in promoted.host.runs
