"""The same files for a fork, without a contract, and without the organisation's app."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.harness.act.runner import Run
from tests.harness.project import Toy
from tests.harness.toy_site import MODEL, ToySite, toy_site

PIN = f"stackwright/pin/dev/{MODEL}"
PROPOSALS = {"dev": PIN, **{name: f"stackwright/promotion/{name}/{MODEL}" for name in ("staging", "prod")}}


@pytest.fixture
def site(can_execute: None, toy: Toy, rendered: Path, tmp_path: Path) -> Generator[ToySite]:
    """A project that has released nothing, at its host, without an app."""
    with toy_site(toy, rendered, tmp_path / "site") as found:
        found.land(lambda clone: (clone / "params.json").write_text('{"wrong_every": 8}'))
        found.deliver()
        yield found


def _names(run: Run) -> list[str]:
    return [step.name for step in run.steps]


def test_a_fork_is_checked_without_any_right(site: ToySite) -> None:
    """Green, and nothing is written, not even the comment; what a merge would do is in the summary."""
    number = site.propose("theirs", lambda clone: (clone / "theirs.txt").write_text("a change"))
    site.github.pulls[number]["head"]["repo"] = {"full_name": "somebody/churn"}

    (run,) = site.deliver()

    assert run.green, run.log
    assert ("Compare pins" in _names(run), "Comment" in _names(run)) == (True, False)
    assert ([], [], []) == (site.github.changes(), site.host.pushes, site.host.claims)
    assert "No environment would run anything else." in run.summary


def test_without_a_contract_only_the_checks_run(site: ToySite) -> None:
    """They are green; all else stops after its first job, green too, and says what to do."""

    def disconnect(clone: Path) -> None:
        for path in (clone / "stack").glob("*.json"):
            path.unlink()

    number = site.propose("not-connected", disconnect)
    checks = site.deliver()
    site.merge(number)
    runs = [*site.deliver(), *(site.hand(name) for name in ("train", "monitor", "update"))]

    assert ["ci", "deploy", "train", "monitor", "update"] == [run.workflow for run in [*checks, *runs]]
    for run in runs:
        assert (True, 1) == (run.green, len(run.jobs)), run.log
        assert "stackwright contract pull" in run.summary.replace("&#32;", " ")
    assert checks[0].green, checks[0].log


def test_without_the_app_people_click_more(site: ToySite) -> None:
    """A model walks to prod all the same: people let the checks of each proposal run, and merge it."""
    site.only = {"ci": "preview"}
    assert site.hand("train").green
    digests = list[str]()
    for environment, proposal in PROPOSALS.items():
        number = site.open(proposal)
        assert not site.github.pulls[number]["auto_merge"]
        assert [] == site.settle()
        site.approve(number)
        (checks,) = site.settle()
        site.merge(number)
        runs = site.settle()

        assert checks.green, checks.log
        assert (["deploy"] if environment == "prod" else ["deploy", "promote"]) == [run.workflow for run in runs]
        digests.append(site.pin(environment)["digest"])
        assert digests[0] == digests[-1] == site.serving()[environment]
    assert [f"{what} {proposal}" for proposal in PROPOSALS.values() for what in ("checks", "merge")] == site.approvals


def test_a_merge_by_the_workflows_own_token_starts_nothing(site: ToySite) -> None:
    """That is why a person merges."""
    assert site.hand("train").green
    number = site.open(PIN)

    site.github.merge(number, "the-workflows-own-token")

    assert [] == site.settle()
    assert {None} == {*site.serving().values()}
