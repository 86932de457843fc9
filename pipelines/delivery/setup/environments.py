"""One environment at the host for each contract, for jobs on the default branch only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from components.base import Tier
from components.errors import UserError
from pipelines.delivery.setup.owners import owners_of, pins_of, place_of, read_rules
from pipelines.hosts.answers import mapping, sequence
from pipelines.hosts.base import Missing, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.delivery.setup.findings import Findings
    from pipelines.delivery.setup.look import Look
    from stacks.contract import Contract

BY_NAME = {"protected_branches": False, "custom_branch_policies": True}
"""Branches by name: `protected branches only` would let every branch in as long as none is protected."""
MOST_REVIEWERS = 6


def check_environments(look: Look, found: Findings) -> None:
    """Find the environments that are missing, or let other branches in."""
    for contract in look.contracts:
        try:
            _check(look, contract, found)
        except Unavailable:
            raise
        except UserError as error:
            found.problems += error.problems


def _check(look: Look, contract: Contract, found: Findings) -> None:
    name, where = contract.environment, f"environment {contract.environment}"
    current = look.host.environment(name)
    asked = _reviewers(look, contract)
    reviewers, missing = reviewers_of(current), [item for item in asked if item not in reviewers_of(current)]
    if len(reviewers) + len(missing) > MOST_REVIEWERS:
        raise UserError(f"{where}: {len(reviewers) + len(missing)} reviewers; GitHub takes {MOST_REVIEWERS}")
    closed = not look.account.protects or mapping(mapping(current).get("deployment_branch_policy")) == BY_NAME
    parts = [
        *(["create it"] if current is None else []),
        *([] if closed else ["let branches in by name only"]),
        *([f"ask {len(missing)} more reviewers before each job"] if missing else []),
    ]
    if parts:
        words = _words(look, current, [*reviewers, *missing])
        found.change(where, ", ".join(parts), look.host.put_environment, name, words)
    if reviewers or asked:
        found.notes.append(f"{where}: each of its jobs waits for a reviewer, those of Monitor and Promote, too")
    if look.account.protects:
        _check_branches(look, name, found, exists=current is not None)


def _words(look: Look, current: Mapping[str, Any] | None, reviewers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what an environment is to be; what it has is named again, or it would be gone."""
    words: dict[str, Any] = {"deployment_branch_policy": BY_NAME} if look.account.protects else {}
    return words | kept_rules(current) | ({"reviewers": list(reviewers)} if reviewers else {})


def kept_rules(environment: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what else holds before a job of an environment; fields that its plan has not must not be named."""
    rules = [mapping(rule) for rule in sequence(mapping(environment).get("protection_rules"))]
    return {key: rule[key] for rule in rules for key in ("wait_timer", "prevent_self_review") if key in rule}


def reviewers_of(environment: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Return who is asked before a job of an environment."""
    rules = [mapping(rule) for rule in sequence(mapping(environment).get("protection_rules"))]
    asked = [mapping(item) for rule in rules for item in sequence(rule.get("reviewers"))]
    return [{"type": item.get("type"), "id": mapping(item.get("reviewer")).get("id")} for item in asked]


def _check_branches(look: Look, name: str, found: Findings, *, exists: bool) -> None:
    where = f"environment {name}"
    rules = look.host.branch_rules(name) if exists else list[Mapping[str, Any]]()
    wanted = [item for item in rules if (item.get("name"), item.get("type", "branch")) == (look.branch, "branch")]
    if not wanted:
        found.change(where, f"let jobs on `{look.branch}` in", look.host.add_branch_rule, name, look.branch)
    for item in rules:
        if item not in wanted:
            told = f"let jobs on {item.get('type', 'branch')} `{item.get('name')}` in no more"
            found.change(where, told, look.host.remove_branch_rule, name, item.get("id"))


def _reviewers(look: Look, contract: Contract) -> list[Mapping[str, Any]]:
    """Return who is to be asked before jobs of an environment: nobody, unless it is wished for prod."""
    if not (look.ask_reviewers and look.account.reviews and contract.tier is Tier.PROD):
        return []
    place = place_of(look.project)
    rules = read_rules(look.project, place) if place else []
    pins = pins_of(look.project, contract.environment)
    owners = dict.fromkeys(owner for pin in pins for owner in owners_of(rules, pin))
    found: list[Mapping[str, Any]] = []
    for owner in owners:
        try:
            found.append(look.host.reviewer(owner))
        except Missing as error:
            told = "no user or team that can review jobs; check it, and that the token may read the organisation"
            raise UserError(f"{place}: {owner}: {told}") from error
    return found
