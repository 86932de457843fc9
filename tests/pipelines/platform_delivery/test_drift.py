"""Drift: one issue for each environment, opened, refreshed and closed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from components.errors import UserError
from pipelines.delivery.issue import keep, resolve
from pipelines.hosts.open import open_host
from pipelines.platform_delivery.drift import drift
from pipelines.platform_delivery.engine import Outcome, Step
from tests.pipelines.platform_delivery.conftest import Recording

if TYPE_CHECKING:
    from tests.pipelines.platform_delivery.conftest import Repository

FILE = Path("build/drift.txt")
RULE = Step("update", "aws:ec2/securityGroup:SecurityGroup", "cluster", ("ingress",))
GONE = Step("delete", "aws:cloudwatch/logGroup:LogGroup", "cluster")


@pytest.fixture
def prod(repository: Repository) -> Repository:
    """A platform with prod, and one project in it."""
    repository.organise("prod")
    return repository


def morning(repository: Repository, **would: Outcome) -> str:
    """Do what the steps of the job do, and return what became of the issue."""
    found = drift(repository.root, Recording({"prod", "churn-prod"}, would), "prod", FILE)
    key, title = found.outputs["key"], found.outputs["title"]
    done = keep(open_host(), key, title, FILE) if found.outputs["drift"] == "true" else resolve(open_host(), key)
    return done.outputs["status"]


def test_one_issue_is_opened_refreshed_and_closed(prod: Repository) -> None:
    """A morning without news changes nothing."""
    first, more = {"prod": Outcome([RULE])}, {"prod": Outcome([RULE, GONE])}
    said = [morning(prod, **would) for would in ({}, first, first, more, {}, {})]
    (issue,) = prod.host.issues.values()

    assert ["nothing", "opened", "unchanged", "updated", "closed", "nothing"] == said
    assert ("closed", "prod is not as its stack says: 2 resources") == (issue["state"], issue["title"])
    assert f"prod: {RULE.line}" in issue["body"]
    assert f"prod: {GONE.line}" in issue["body"]


def test_what_drifts_of_a_project_is_found_too(prod: Repository) -> None:
    """Its stack is one of the environment."""
    found = drift(prod.root, Recording({"prod", "churn-prod"}, {"churn-prod": Outcome([RULE])}), "prod", FILE)

    assert "true" == found.outputs["drift"]
    assert f"churn-prod: {RULE.line}" in FILE.read_text()


def test_each_environment_has_its_own_issue(prod: Repository) -> None:
    """By its key."""
    prod.organise("dev")
    keys = [drift(prod.root, Recording({name}), name, FILE).outputs["key"] for name in ("dev", "prod")]

    assert ["drift/dev", "drift/prod"] == keys


def test_a_check_that_cannot_be_done_is_no_finding(prod: Repository) -> None:
    """An open issue stays open: nobody knows better."""

    class Blind(Recording):
        def drift(self, stack: object) -> Outcome:
            raise UserError(f"{stack}: pulumi: access denied")

    morning(prod, prod=Outcome([RULE]))

    with pytest.raises(UserError, match="access denied"):
        drift(prod.root, Blind({"prod"}), "prod", FILE)
    assert ["open"] == [issue["state"] for issue in prod.host.issues.values()]


def test_what_is_not_looked_at_is_said(prod: Repository) -> None:
    """A green morning promises no more than it has seen."""
    found = drift(prod.root, Recording({"prod"}), "prod", FILE)

    assert "Objects in the cluster are not looked at" in found.summary
    assert found.lines[0] == "prod is as its stacks say"
    assert not FILE.exists()
