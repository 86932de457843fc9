"""What an account's plan gives: said in plain words, never asked of a host that would refuse it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.github_delivery import Answer
from tests.harness.github_settings import environment

if TYPE_CHECKING:
    from tests.harness.command import Outcome
    from tests.pipelines.delivery.setup.conftest import Place

PROTECTED, APPROVED, REVIEWED, ENTERED, SECRETS, MERGED, QUEUED = (
    "`main` changes by pull requests with green checks only",
    "owners approve what is pinned first and what goes to prod",
    "an environment can ask reviewers before each job",
    "only jobs on `main` enter an environment",
    "secrets belong to environments",
    "a pull request merges by itself when its checks are green",
    "a merge queue checks what a merge makes",
)
BOUGHT = {PROTECTED, APPROVED, ENTERED, SECRETS, MERGED}
PLANS: dict[str, tuple[dict[str, Any], str, set[str]]] = {
    "public": ({"plan": "free"}, "public, plan free", BOUGHT | {REVIEWED, QUEUED}),
    "public of a person": (
        {"plan": "free", "organization": False},
        "public, plan free",
        BOUGHT | {REVIEWED},
    ),
    "public, the plan is not told": ({"plan_told": False}, "public, plan free", BOUGHT | {REVIEWED, QUEUED}),
    "private, free": ({"private": True, "plan": "free"}, "private, plan free", {ENTERED}),
    "private, pro": ({"private": True, "plan": "pro", "organization": False}, "private, plan pro", BOUGHT),
    "private, team": ({"private": True}, "private, plan team", BOUGHT),
    "private, enterprise": (
        {"private": True, "plan": "enterprise"},
        "private, plan enterprise",
        BOUGHT | {REVIEWED, QUEUED},
    ),
    "internal": (
        {"private": True, "plan": "enterprise", "visibility": "internal", "plan_told": False},
        "private, plan enterprise",
        BOUGHT | {REVIEWED, QUEUED},
    ),
    "private, a plan that is not told": (
        {"private": True, "plan_told": False},
        "private, a plan that this token is not told, not the free one",
        BOUGHT,
    ),
    "private, free, which is not told": (
        {"private": True, "plan": "free", "plan_told": False},
        "private, plan free",
        {ENTERED},
    ),
}


def configure(place: Place, **values: Any) -> None:
    """Be another repository."""
    for name, value in values.items():
        assert hasattr(place.host, name)
        setattr(place.host, name, value)


def holding(done: Outcome) -> dict[str, bool]:
    """Return what is guaranteed, and whether it holds."""
    return {item["what"]: item["holds"] for item in done.document["guarantees"]}


@pytest.mark.parametrize("name", PLANS)
def test_each_plan_gives_what_it_gives(name: str, place: Place) -> None:
    """Nothing that a plan has not is asked for, and a second run finds nothing to do."""
    values, account, held = PLANS[name]
    configure(place, **values)

    done = place.setup("--format", "json")

    assert (0, [], account) == (done.code, done.document["problems"], done.document["account"])
    assert {what: what in held for what in holding(done)} == holding(done)
    assert 7 == len(holding(done))
    assert 0 == place.setup("--check").code


def test_on_a_free_private_repository_nothing_protects_main(place: Place) -> None:
    """Which is said with what it means, and with what to do."""
    configure(place, private=True, plan="free")

    done = place.setup()

    assert (
        f"NO  {PROTECTED}: nothing protects `main` on a free private repository: whoever may push can change a pin, "
        "and the next deployment runs it. What remains: a deployment refuses a package without evidence, signature and "
        "history. Make it public, or take GitHub Team\n"
    ) in done.out
    assert f"NO  {APPROVED}: CODEOWNERS is only a proposal of reviewers here" in done.out
    assert f"NO  {MERGED}: somebody merges each pull request by hand" in done.out
    assert {"dev": environment(), "staging": environment(), "prod": environment()} == place.host.environments
    assert {} == place.host.rulesets


def test_a_person_is_told_the_plan_of_persons(place: Place) -> None:
    """Pro, not Team."""
    configure(place, private=True, plan="free", organization=False)

    assert "Make it public, or take GitHub Pro\n" in place.setup().out


def test_without_reviewers_of_environments_owners_take_their_place(place: Place) -> None:
    """A private repository of a team: asking for reviewers changes nothing there."""
    configure(place, private=True)

    done = place.setup("--environment-reviewers")

    told = "private repositories have it with Enterprise only; CODEOWNERS and review by owners take its place"
    assert f"NO  {REVIEWED}: {told}\n" in done.out
    assert (0, {}) == (done.code, place.host.environments["prod"]["rules"])


def test_reviewers_are_asked_in_prod_only_and_only_when_wished(place: Place) -> None:
    """They are the owners of what prod runs; what else holds before a job stays."""
    place.converged()
    place.host.environments["prod"]["rules"] = {"wait_timer": 30}

    assert 0 == place.setup("--check").code
    done = place.setup("--environment-reviewers")

    assert 0 == done.code
    assert {"wait_timer": 30, "reviewers": [{"type": "Team", "id": 7}]} == place.host.environments["prod"]["rules"]
    assert ["PUT /environments/prod"] == place.host.writes
    assert "environment prod: each of its jobs waits for a reviewer, those of Monitor and Promote, too" in done.out
    assert [0, 0] == [place.setup(*words, "--check").code for words in ([], ["--environment-reviewers"])]


def test_reviewers_that_are_there_stay(place: Place) -> None:
    """When the branches of their environment are put right, and when more are asked."""
    place.converged()
    place.edit("CODEOWNERS", "/promotions/ @acme/ml", "/promotions/ @acme/ml @octavia")
    mine = {"type": "User", "id": 99}
    place.host.environments["prod"].update(rules={"reviewers": [mine], "prevent_self_review": True}, policy=None)

    place.setup("--environment-reviewers")

    rules = place.host.environments["prod"]["rules"]
    asked = [mine, {"type": "Team", "id": 7}, {"type": "User", "id": 8}]
    assert {"reviewers": asked, "prevent_self_review": True} == rules


WRONG_REVIEWERS = {
    "nobody@acme.example": "CODEOWNERS: nobody@acme.example: no user or team that can review jobs; check it, and that "
    "the token may read the organisation",
    "@mallory": "CODEOWNERS: @mallory: no user or team that can review jobs; check it, and that the token may read the "
    "organisation",
}


@pytest.mark.parametrize("owner", WRONG_REVIEWERS)
def test_an_owner_who_cannot_review_is_told(owner: str, place: Place) -> None:
    """And nothing is changed."""
    place.edit("CODEOWNERS", "/promotions/ @acme/ml", f"/promotions/ {owner}")

    done = place.setup("--environment-reviewers")

    assert (1, [WRONG_REVIEWERS[owner]], []) == (done.code, done.problems, place.host.writes)


def test_more_reviewers_than_the_host_takes_are_told(place: Place) -> None:
    """Six."""
    place.converged()
    place.host.environments["prod"]["rules"] = {"reviewers": [{"type": "User", "id": n} for n in range(20, 26)]}

    done = place.setup("--environment-reviewers")

    assert (1, ["environment prod: 7 reviewers; GitHub takes 6"]) == (done.code, done.problems)


def test_what_a_plan_refuses_after_all_is_told_and_the_rest_is_made(place: Place) -> None:
    """The host's own words; what builds on it is not tried."""
    billing = "Failed to create the environment protection rule. Please ensure the billing plan supports it."
    place.host.faults.append(("PUT .*/environments/prod", Answer(422, {"message": billing})))

    done = place.setup()

    what = "environment prod: create it, let branches in by name only"
    assert 1 == done.code
    assert [
        f"{what}: PUT /repos/Acme/churn/environments/prod: 422: {billing}",
        "environment prod: let jobs on `main` in: not made; what it builds on failed",
    ] == done.problems
    assert done.out.endswith("7 of 9 changes made\n")
    assert (["dev", "staging"], 1) == (list(place.host.environments), len(place.host.rulesets))
