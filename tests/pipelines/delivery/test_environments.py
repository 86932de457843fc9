"""The matrix of jobs, and what a merge would do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.delivery.environments import matrix
from pipelines.release.gating import gate
from pipelines.release.promotion import promote
from pipelines.release.register import register
from pipelines.release.rollback import rollback
from tests.harness.command import stackwright

if TYPE_CHECKING:
    from tests.harness.project import Toy
    from tests.pipelines.delivery.conftest import Job

ROLES = {name: f"arn:aws:iam::111122223333:role/acme-{name}" for name in ("deploy", "plan", "promotion")}


def jobs(job: Job, *words: object) -> list[Any]:
    """Return the matrix."""
    done = job.ci("environments", *words)
    assert (0, "") == (done.code, done.err)
    return json.loads(job.outputs["environments"])


def test_each_environment_is_a_row_lowest_tier_first(job: Job) -> None:
    """A row says all that a job must know; the role that reads the source is the source's own."""
    job.toy.edit("stack/dev.json", roles=ROLES, account="111122223333", region="eu-central-1")

    dev, staging, prod = jobs(job)

    assert ("dev", True, None, ["staging"], ROLES["deploy"], ROLES["plan"], "111122223333", "eu-central-1") == (
        dev["environment"], dev["first"], dev["promotes_from"], dev["promotes_to"], dev["deploy_role"],
        dev["plan_role"], dev["account"], dev["region"],
    )  # fmt: skip
    assert (ROLES["promotion"], "dev", False) == (
        staging["source_promotion_role"], staging["promotes_from"], staging["first"],
    )  # fmt: skip
    assert ("prod", [], None) == (prod["environment"], prod["promotes_to"], prod["source_promotion_role"])
    assert ("true", '["toy"]', [dev]) == (
        job.outputs["connected"], job.outputs["models"], json.loads(job.outputs["first"]),
    )  # fmt: skip


def test_without_a_contract_no_job_runs_and_the_summary_says_what_to_do(job: Job) -> None:
    """Green, empty, and a sentence."""
    for path in (job.root / "stack").glob("*.json"):
        path.unlink()

    done = job.ci("environments")

    assert (0, "[]", "false", "[]") == (
        done.code, job.outputs["environments"], job.outputs["connected"], job.outputs["first"],
    )  # fmt: skip
    assert "contract pull --env ENVIRONMENT --from ADDRESS" in done.out
    assert "not connected to an environment yet" in job.summary


def test_environments_of_one_machine_get_no_job(job: Job) -> None:
    """A job that no runner takes would wait for a day; it is told."""
    job.toy.edit("stack/dev.json", runs_on="local")

    assert ["staging", "prod"] == [row["environment"] for row in jobs(job)]
    assert "stack/dev.json: is of one machine (runs_on `local`)" in job.ci("environments").out


def test_runners_of_one_job_get_its_run(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host fills in no expression in a matrix."""
    monkeypatch.setenv("GITHUB_RUN_ATTEMPT", "2")
    label = "codebuild-acme-${{ github.run_id }}-${{ github.run_attempt }}"
    job.toy.edit("stack/dev.json", runs_on=label)

    assert "codebuild-acme-4711-2" == jobs(job, "--environment", "dev")[0]["runs_on"]


def test_what_promotes_from_an_environment_is_chosen(job: Job) -> None:
    """Those that promote from it, and no others; from the last one none."""
    assert ["staging"] == [row["environment"] for row in jobs(job, "--promoting-from", "dev")]
    assert [] == jobs(job, "--promoting-from", "prod")


def test_what_changed_since_a_commit_is_chosen(job: Job) -> None:
    """A pin concerns its environment, as the settings concern all; a commit that is gone means all."""
    before = job.toy.git("rev-parse", "HEAD")
    job.toy.edit("promotions/dev/toy.yaml", commit="f" * 40)
    middle = job.toy.commit("pin").tip

    assert ["dev"] == chosen_since(job, before)
    assert [] == chosen_since(job, middle)
    assert ["dev", "staging", "prod"] == chosen_since(job, "0" * 40) == chosen_since(job, "")


def chosen_since(job: Job, commit: str) -> list[str]:
    """Return the environments that jobs are for since a commit."""
    return [row["environment"] for row in jobs(job, "--since", commit)]


@pytest.mark.parametrize(("where", "concerned"), [("staging", ["staging", "prod"]), ("prod", ["prod"])])
def test_a_refusal_concerns_where_it_holds(where: str, concerned: list[str], job: Job) -> None:
    """A rollback in prod starts nothing in staging, whose package prod would refuse; lifting it is the same."""
    before = job.toy.git("rev-parse", "HEAD")
    line = {"model": "toy", "digest": f"sha256:{'a' * 64}", "environment": where, "reason": "it lies"}
    job.toy.edit("promotions/refused.yaml", refused=[line])
    refused = job.toy.commit("refuse").tip
    job.toy.edit("promotions/refused.yaml", refused=[])
    job.toy.commit("lift")

    assert [] == chosen_since(job, before)
    assert concerned == chosen_since(job, refused)
    job.toy.git("checkout", "-q", refused)
    assert concerned == chosen_since(job, before)


def test_whoever_repairs_the_list_of_refusals_deploys_everywhere(job: Job) -> None:
    """Nobody knows what it refused before."""
    (job.root / "promotions/refused.yaml").write_text("refused: 3\n")
    broken = job.toy.commit("break").tip
    (job.root / "promotions/refused.yaml").write_text("refused: []\n")
    job.toy.commit("repair")

    assert ["dev", "staging", "prod"] == chosen_since(job, broken)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--since", "--output=x"), "--since: `--output=x`: not a full commit"),
        (("--promoting-from", "$(id)"), "--promoting-from: `$(id)`: not the name of any environment; "),
        (("--environment", "stagin"), "stack/stagin.json: not found; contracts exist for dev, prod, staging"),
    ],
    ids=["since", "promoting-from", "environment"],
)
def test_what_is_no_choice_is_refused(words: tuple[str, ...], told: str, job: Job) -> None:
    """Words of an event choose, and do nothing else."""
    done = job.ci("environments", *words)

    assert 1 == done.code
    assert done.err.startswith(told)


def test_a_model_whose_name_is_a_command_stops_everything(job: Job) -> None:
    """Names become jobs, branches and paths: only plain ones do."""
    settings = job.toy.project.settings.models["toy"].model_dump(mode="json")
    job.toy.edit(".stackwright.yaml", models={"x\n::add-mask::y": settings})

    done = job.ci("environments")

    assert (1, {}) == (done.code, job.outputs)
    assert done.err.startswith(".stackwright.yaml: models: `x\\n::add-mask::y`: not the name of any model")


def test_a_matrix_of_nothing_is_nothing() -> None:
    """No contract, no row."""
    assert [] == matrix([])


def preview(job: Job, *words: object) -> list[str]:
    """Return the lines of a preview against the default branch."""
    done = job.ci("preview", "--base", "origin/main", *words)
    assert (0, "") == (done.code, done.err)
    return done.out.splitlines()


def test_nothing_to_merge_changes_nothing(job: Job) -> None:
    """Said in a sentence."""
    assert ["no environment would run anything else"] == preview(job)


def test_a_promotion_says_releases_digest_and_gate(job: Job) -> None:
    """`staging/toy: 1 -> 2, sha256:ab…, gate passed with …`, in the log, the summary and the file."""
    gate(job.toy.project, "staging", "toy")
    promote(job.toy.project, "staging", "toy")
    digest = str(job.toy.pin("staging")["digest"])

    (line,) = preview(job, "--output", job.folder / "preview.md")

    assert line.startswith(
        f"staging/toy: 1 -> 2, {digest[:19]}…, gate passed with accuracy +0.0330 against the champion"
    )
    assert "| <code>staging&#47;toy</code> | 1 → 2 |" in job.summary
    assert (job.folder / "preview.md").read_text().strip() == job.summary.strip()


def test_evidence_that_was_changed_passes_nothing(job: Job) -> None:
    """The gate is recomputed and its signature checked, as `verify` does."""
    gate(job.toy.project, "staging", "toy")
    promote(job.toy.project, "staging", "toy")
    for path in (job.root / "promotions/evidence/staging/toy/pinned").glob("*.json"):
        path.write_text(path.read_text().replace('"pass"', '"fail"'))

    (line,) = preview(job)

    assert "blocked: " in line
    assert "gate passed" not in line


def test_a_rollback_is_called_one(job: Job) -> None:
    """No gate is asked; the refusal is told, its reason as text."""
    rollback_of(job.toy, "it lies\n::error::x")

    lines = preview(job)

    assert lines[0].startswith("staging/toy: 2 -> 1, sha256:")
    assert lines[0].endswith("rollback: staging has held it; no gate is asked")
    assert "is refused: it lies" in lines[1]
    assert not [line for line in lines if line.lstrip().startswith("::")]


def rollback_of(toy: Toy, reason: str) -> None:
    """Promote release 2, push it, and prepare its rollback."""
    gate(toy.project, "staging", "toy")
    promote(toy.project, "staging", "toy")
    toy.commit("pin")
    toy.git("push", "-q", "origin", "main")
    rollback(toy.project, "staging", "toy", reason)


def test_a_pin_that_goes_stops_a_server(job: Job) -> None:
    """And a contract that comes or goes is named."""
    (job.root / "promotions/prod/toy.yaml").unlink()
    job.toy.edit("stack/dev.json", runs_on="another")
    (job.root / "stack/staging.json").unlink()

    lines = preview(job)

    assert "prod/toy: 1 -> nothing, its server is stopped" in lines
    assert ["stack/dev.json: the contract changes", "stack/staging.json: this environment is let go"] == lines[-2:]


def test_a_refused_digest_is_blocked_in_the_preview(job: Job) -> None:
    """Before anybody merges it."""
    gate(job.toy.project, "staging", "toy")
    promote(job.toy.project, "staging", "toy")
    pin = job.toy.pin("staging")
    line = {"model": "toy", "digest": pin["digest"], "environment": "dev", "reason": "it lies"}
    job.toy.edit("promotions/refused.yaml", refused=[line])

    assert preview(job)[0].endswith("blocked: refused in dev: it lies")


def test_a_pin_that_cannot_be_read_is_told(job: Job) -> None:
    """A pull request may hold anything."""
    (job.root / "promotions/prod/toy.yaml").write_text("model: toy\n")

    (line,) = preview(job)

    assert line.startswith("prod/toy: 1 -> nothing, does not hold: promotions/prod/toy.yaml: ")


def test_what_the_default_branch_did_since_is_not_ours(job: Job) -> None:
    """A branch that is behind shows its own change only."""
    job.toy.git("checkout", "-qb", "mine")
    other = job.toy.clone(job.folder / "other")
    other.edit("promotions/prod/toy.yaml", commit="f" * 40)
    other.commit("pin")
    other.git("push", "-q", "origin", "main")
    job.toy.git("fetch", "-q", "origin")

    assert ["no environment would run anything else"] == preview(job)


def test_a_base_that_is_an_option_is_refused(job: Job) -> None:
    """Words of an event are no options of git."""
    done = job.ci("preview", "--base=--output=x")

    assert (1, ["--base: `--output=x` is not a branch or commit"]) == (done.code, done.problems)


def test_a_base_that_was_not_fetched_is_told(job: Job) -> None:
    """A checkout of one commit has no other; where a push of the base was forced, neither."""
    done = job.ci("preview", "--base", "0123456789" * 4)

    assert 1 == done.code
    assert "not in this clone; fetch it with its history, as `fetch-depth: 0` of a checkout does" in done.problems[0]


def test_a_pull_request_shows_its_own_change_whatever_its_base_did(job: Job) -> None:
    """What is checked out is its merge into a base that has moved since it was opened."""
    job.toy.git("checkout", "-qb", "theirs")
    (job.root / "promotions/prod/toy.yaml").unlink()
    job.toy.commit("stop")
    job.toy.git("checkout", "-q", "main")
    job.toy.edit("promotions/staging/toy.yaml", commit="f" * 40)
    job.toy.commit("pin")
    job.push()
    job.toy.git("checkout", "-q", "--detach", "origin/main")
    job.toy.git("merge", "-q", "--no-edit", "theirs")

    assert ["prod/toy: 1 -> nothing, its server is stopped"] == preview(job)


def test_evidence_that_no_pin_names_is_checked_by_its_signature(job: Job) -> None:
    """Where packages are registered, only the environment's key tells whose words they are; no deployment asks them."""
    job.toy.build(wrong_every=9)
    register(job.toy.project, "toy")
    gate(job.toy.project, "dev", "toy")
    path = job.root / f"promotions/evidence/dev/toy/{str(job.toy.pin('dev')['digest'])[7:]}.json"
    path.write_text(path.read_text().replace('"commit": "', '"commit": "f'))

    (line,) = preview(job)

    assert "registered here, though its evidence does not hold: " in line
    assert "signature: not by the key of dev" in line
    assert 0 == stackwright("verify", "--project", job.root).code
