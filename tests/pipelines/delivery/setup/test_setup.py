"""Settings of a repository: made once, checked, told before they are made, and made to the end after a kill."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipelines import writes
from tests.harness.children import killed, observed
from tests.harness.github_settings import ADMINISTRATOR, APP, environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.pipelines.delivery.setup.conftest import Place

ALL = [
    "environment dev: create it, let branches in by name only",
    "environment dev: let jobs on `main` in",
    "environment staging: create it, let branches in by name only",
    "environment staging: let jobs on `main` in",
    "environment prod: create it, let branches in by name only",
    "environment prod: let jobs on `main` in",
    "repository: delete branches that were merged, let pull requests merge by themselves",
    "token of workflows: may open pull requests, because there is no app for dev, staging, prod",
    "ruleset stackwright: create it: pull requests, review by owners, checks Check, What a merge would do, "
    "no force push, no deletion",
]
"""What is to be done at a repository that nobody has set up."""


def told(out: str, title: str) -> list[str]:
    """Return the lines below a title."""
    lines = out.partition(f"{title}:\n")[2].splitlines()
    count = next((number for number, line in enumerate(lines) if not line.startswith("  ")), len(lines))
    return [line.strip() for line in lines[:count]]


def test_a_new_repository_gets_all_that_delivery_needs(place: Place) -> None:
    """One environment for each contract, for `main` only; the branch is protected by checks and by owners."""
    done = place.setup()

    assert (0, "", ALL) == (done.code, done.err, told(done.out, "will change"))
    assert done.out.endswith("9 of 9 changes made\n")
    assert {name: environment("main") for name in ("dev", "staging", "prod")} == place.host.environments
    assert place.host.options["allow_auto_merge"] is place.host.options["delete_branch_on_merge"] is True
    assert {
        "default_workflow_permissions": "read",
        "can_approve_pull_request_reviews": True,
    } == place.host.workflow_token
    (ruleset,) = place.host.rulesets.values()
    rules = {rule["type"]: rule.get("parameters") for rule in ruleset["rules"]}
    assert ("active", [], {"include": ["~DEFAULT_BRANCH"], "exclude": []}) == (
        ruleset["enforcement"],
        ruleset["bypass_actors"],
        ruleset["conditions"]["ref_name"],
    )
    assert {"deletion", "non_fast_forward", "pull_request", "required_status_checks"} == set(rules)
    review = rules["pull_request"]
    assert (0, True) == (review["required_approving_review_count"], review["require_code_owner_review"])
    assert [
        {"context": "Check", "integration_id": APP},
        {"context": "What a merge would do", "integration_id": APP},
    ] == rules["required_status_checks"]["required_status_checks"]


def test_twice_changes_nothing(place: Place) -> None:
    """The second run, and its check, find nothing."""
    place.converged()

    again, check = place.setup(), place.setup("--check")

    assert (0, 0, []) == (again.code, check.code, place.host.writes)
    assert again.out.endswith("nothing to change\n")
    assert [] == told(again.out, "will change")


def test_a_check_changes_nothing_and_says_that_there_is_something(place: Place) -> None:
    """Exit code 4, as of everything that is blocked."""
    done = place.setup("--check")

    assert (4, "", ALL) == (done.code, done.err, told(done.out, "would change"))
    assert [] == place.host.writes


@pytest.mark.parametrize("words", [[], ["--format", "json"]])
def test_every_change_is_told_before_the_first_is_made(
    words: list[str], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads along can stop it."""
    seen: list[str] = []
    function = writes.change_host

    def change_host(*arguments: Any) -> Any:
        streams: list[Any] = [sys.stdout, sys.stderr]
        seen.append("".join(stream.getvalue() for stream in streams))
        return function(*arguments)

    monkeypatch.setattr(writes, "change_host", change_host)
    place.setup(*words)

    assert len(ALL) == len(seen)
    assert all(change in seen[0] for change in ALL)


def test_killed_anywhere_the_next_run_makes_the_rest(place: Place, tmp_path: Path) -> None:
    """Before each write and after the last one; the end is the same, and then there is nothing to do."""
    new = place.state()
    names = observed(place.setup, tmp_path)
    whole = place.state()

    assert ["change_host"] * len(ALL) == names
    for number, when in [*((number, "before") for number in range(len(names))), (len(names) - 1, "after")]:
        place.restore(new)
        killed(place.setup, number, when, tmp_path)
        half = place.setup()

        assert (0, whole) == (half.code, place.state()), (number, when)
    assert 0 == place.setup("--check").code


def test_the_document_says_the_same(place: Place) -> None:
    """`--format json`: what was made, what holds, whom stacks trust."""
    found = place.setup("--format", "json").document

    assert ALL == [f"{item['where']}: {item['what']}" for item in found["changes"]]
    assert all(item["made"] for item in found["changes"])
    assert ("Acme/churn", "public, plan team", []) == (found["repository"], found["account"], found["problems"])
    assert {"what", "holds", "told"} == set(found["guarantees"][0])
    assert 3 == len(found["trust"])


def test_a_check_as_a_document_has_made_nothing(place: Place) -> None:
    """And the exit code says so."""
    done = place.setup("--check", "--format", "json")

    assert (4, "", {False}) == (done.code, done.err, {item["made"] for item in done.document["changes"]})


def drop_rule(kind: str) -> Callable[[Place], None]:
    """Return what removes a rule of the ruleset."""

    def drift(place: Place) -> None:
        rules = ruleset(place)
        rules["rules"] = [rule for rule in rules["rules"] if rule["type"] != kind]

    return drift


def ruleset(place: Place) -> dict[str, Any]:
    """Return the one ruleset."""
    (found,) = place.host.rulesets.values()
    return found


def parameters(place: Place, kind: str) -> dict[str, Any]:
    """Return the parameters of a rule."""
    return next(rule["parameters"] for rule in ruleset(place)["rules"] if rule["type"] == kind)


def of(place: Place, name: str) -> dict[str, Any]:
    """Return an environment."""
    return place.host.environments[name]


CHECKS = "required_status_checks"
DRIFTS: dict[str, tuple[Callable[[Place], object], list[str]]] = {
    "an environment is gone": (
        lambda place: place.host.environments.pop("staging"),
        ALL[2:4],
    ),
    "an environment lets every branch in": (
        lambda place: of(place, "prod").update(policy=None, branches={}),
        ["environment prod: let branches in by name only", "environment prod: let jobs on `main` in"],
    ),
    "an environment lets protected branches in": (
        lambda place: of(place, "prod").update(policy={"protected_branches": True, "custom_branch_policies": False}),
        ["environment prod: let branches in by name only"],
    ),
    "an environment lets another branch in, too": (
        lambda place: of(place, "prod").update(branches={1: "main", 2: "release/*"}),
        ["environment prod: let jobs on branch `release/*` in no more"],
    ),
    "an environment lets another branch in instead": (
        lambda place: of(place, "dev").update(branches={4: "trunk"}),
        ["environment dev: let jobs on `main` in", "environment dev: let jobs on branch `trunk` in no more"],
    ),
    "no merge commits": (
        lambda place: place.host.options.update(allow_merge_commit=False),
        ["repository: allow merge commits"],
    ),
    "branches stay": (
        lambda place: place.host.options.update(delete_branch_on_merge=False),
        ["repository: delete branches that were merged"],
    ),
    "nothing merges by itself": (
        lambda place: place.host.options.update(allow_auto_merge=False),
        ["repository: let pull requests merge by themselves"],
    ),
    "workflows write": (
        lambda place: place.host.workflow_token.update(default_workflow_permissions="write"),
        ["token of workflows: only read, where a workflow asks for nothing"],
    ),
    "workflows open no pull requests": (
        lambda place: place.host.workflow_token.update(can_approve_pull_request_reviews=False),
        ALL[7:8],
    ),
    "the ruleset is gone": (lambda place: place.host.rulesets.clear(), ALL[8:]),
    "the ruleset only looks on": (
        lambda place: ruleset(place).update(enforcement="evaluate"),
        ["ruleset stackwright: switch it on"],
    ),
    "the ruleset is for another branch": (
        lambda place: ruleset(place).update(conditions={"ref_name": {"include": ["refs/heads/x"], "exclude": []}}),
        ["ruleset stackwright: hold for the default branch"],
    ),
    "the ruleset leaves the branch out": (
        lambda place: ruleset(place)["conditions"]["ref_name"].update(exclude=["refs/heads/main"]),
        ["ruleset stackwright: hold for the default branch"],
    ),
    "somebody bypasses the ruleset": (
        lambda place: ruleset(place).update(bypass_actors=[{"actor_id": 5, "actor_type": "RepositoryRole"}]),
        ["ruleset stackwright: let nobody bypass it"],
    ),
    "the branch can be deleted": (drop_rule("deletion"), ["ruleset stackwright: forbid to delete the branch"]),
    "history can be rewritten": (drop_rule("non_fast_forward"), ["ruleset stackwright: forbid force pushes"]),
    "no pull requests": (
        drop_rule("pull_request"),
        ["ruleset stackwright: ask for pull requests with review by owners"],
    ),
    "no review by owners": (
        lambda place: parameters(place, "pull_request").update(require_code_owner_review=False),
        ["ruleset stackwright: set require_code_owner_review"],
    ),
    "a review holds for later commits": (
        lambda place: parameters(place, "pull_request").update(dismiss_stale_reviews_on_push=False),
        ["ruleset stackwright: set dismiss_stale_reviews_on_push"],
    ),
    "no checks": (
        drop_rule(CHECKS),
        ["ruleset stackwright: ask for the checks Check, What a merge would do of GitHub Actions"],
    ),
    "a check may come from anybody": (
        lambda place: parameters(place, CHECKS)[CHECKS][0].pop("integration_id"),
        ["ruleset stackwright: ask for the checks Check of GitHub Actions"],
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
def test_what_somebody_changed_is_put_right_and_nothing_else(name: str, place: Place) -> None:
    """The end is what it was, up to the order of things and their numbers."""
    whole = place.converged()
    drift, changes = DRIFTS[name]
    drift(place)

    done = place.setup()

    assert (0, changes) == (done.code, told(done.out, "will change"))
    assert len(changes) == len(place.host.writes)
    assert sorted_state(whole) == sorted_state(place.state())


def sorted_state(state: dict[str, Any]) -> dict[str, Any]:
    """Return settings without the order of rules and the numbers of branches."""
    rulesets = [{**each, "rules": sorted(each["rules"], key=str)} for each in state["rulesets"].values()]
    rules = {name: sorted(item["branches"].values()) for name, item in state["environments"].items()}
    policies = {name: item["policy"] for name, item in state["environments"].items()}
    return {**state, "rulesets": rulesets, "environments": (rules, policies)}


def test_what_somebody_added_stays(place: Place) -> None:
    """More checks, more reviews, more rules, other rulesets and other environments are theirs."""
    place.converged()
    parameters(place, CHECKS)[CHECKS].append({"context": "Licences"})
    parameters(place, "pull_request")["required_approving_review_count"] = 1
    ruleset(place)["rules"].append({"type": "required_signatures"})
    ruleset(place)["enforcement"] = "disabled"
    place.host.rulesets[99] = {"name": "organisation's", "rules": list[Any]()}
    place.host.environments["github-pages"] = environment()

    assert 0 == place.setup().code
    assert ["PUT /rulesets/11"] == place.host.writes
    del place.host.rulesets[99]
    assert {"context": "Licences"} in parameters(place, CHECKS)[CHECKS]
    assert 1 == parameters(place, "pull_request")["required_approving_review_count"]
    assert {"type": "required_signatures"} in ruleset(place)["rules"]


def test_the_token_is_shown_nowhere(place: Place) -> None:
    """Not among what is told, whatever happens."""
    place.host.owners_errors = None

    done = place.setup()

    assert ADMINISTRATOR not in done.out + done.err
