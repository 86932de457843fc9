"""The ruleset that protects the default branch.

https://docs.github.com/en/rest/repos/rules (2026-11)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines.delivery.setup.workflows import check_branch, required_checks
from pipelines.hosts.answers import mapping, sequence
from pipelines.hosts.base import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipelines.delivery.setup.findings import Findings
    from pipelines.delivery.setup.look import Look

RULESET = "stackwright"
WHERE = f"ruleset {RULESET}"
CONDITIONS = {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": list[str]()}}
REVIEW = {"require_code_owner_review": True, "dismiss_stale_reviews_on_push": True}
NO_MORE_REVIEW = {
    "required_approving_review_count": 0,
    "require_last_push_approval": False,
    "required_review_thread_resolution": False,
}
"""Given to a new ruleset; whoever asks for more later keeps it."""
CHECKS = "required_status_checks"


def check_protection(look: Look, found: Findings) -> None:
    """Find what the ruleset lacks, and what other rules forbid that delivery needs."""
    for step in (_check_workflow, _check_others, _check_ruleset):
        try:
            step(look, found)
        except Unavailable:
            raise
        except UserError as error:
            found.problems += error.problems


def _check_workflow(look: Look, _: Findings) -> None:
    check_branch(look.project, look.branch)


def _check_others(look: Look, found: Findings) -> None:
    """Merge commits are what history is read from, and what merges by itself makes."""
    for rule in look.host.rules_of(look.branch) if look.account.protects else ():
        allowed = mapping(rule.get("parameters")).get("allowed_merge_methods")
        if rule.get("type") == "required_linear_history" or (allowed is not None and "merge" not in sequence(allowed)):
            told = f"rule {rule.get('type')} of ruleset {rule.get('ruleset_id')} forbids merge commits"
            found.problems.append(f"branch {look.branch}: {told}; allow them for {look.host.name}")


def _check_ruleset(look: Look, found: Findings) -> None:
    checks = required_checks(look.project)
    if not look.account.protects:
        return
    app = look.host.actions_app()
    current = look.host.ruleset(RULESET)
    if current is None:
        told = f"create it: pull requests, review by owners, checks {', '.join(checks)}, no force push, no deletion"
        words = ruleset_words({}, checks, app)
        found.change(WHERE, told, look.host.add_ruleset, words)
    elif drift := drifts(current, checks, app):
        words = ruleset_words(current, checks, app)
        found.change(WHERE, "; ".join(drift), look.host.put_ruleset, current.get("id"), words)


def drifts(current: Mapping[str, Any], checks: Sequence[str], app: int) -> list[str]:
    """Say where a ruleset holds less than it should."""
    rules = rules_by_type(current)
    review, status = (rules.get(kind) for kind in ("pull_request", CHECKS))
    found = [] if current.get("enforcement") == "active" else ["switch it on"]
    found += [] if _covers(current) else ["hold for the default branch"]
    found += ["let nobody bypass it"] if current.get("bypass_actors") else []
    told = {"deletion": "forbid to delete the branch", "non_fast_forward": "forbid force pushes"}
    found += [words for kind, words in told.items() if kind not in rules]
    if review is None:
        found.append("ask for pull requests with review by owners")
    else:
        found += [f"set {key}" for key in REVIEW if review.get(key) is not True]
    missing = [name for name in checks if {"context": name, "integration_id": app} not in _required(status)]
    return found + ([f"ask for the checks {', '.join(missing)} of GitHub Actions"] if missing else [])


def ruleset_words(current: Mapping[str, Any], checks: Sequence[str], app: int) -> dict[str, Any]:
    """Return the ruleset as it should be; what it asks for beyond that stays."""
    rules = rules_by_type(current)
    kept = [item for item in _required(rules.get(CHECKS)) if item.get("context") not in checks]
    wanted = [{"context": name, "integration_id": app} for name in checks]
    status = {"strict_required_status_checks_policy": False, **(rules.get(CHECKS) or {}), CHECKS: [*kept, *wanted]}
    rules |= {
        "deletion": rules.get("deletion"),
        "non_fast_forward": rules.get("non_fast_forward"),
        "pull_request": {**NO_MORE_REVIEW, **(rules.get("pull_request") or {}), **REVIEW},
        CHECKS: status,
    }
    return {
        "name": RULESET,
        "target": "branch",
        "enforcement": "active",
        "bypass_actors": [],
        "conditions": CONDITIONS,
        "rules": [{"type": kind, "parameters": given} if given else {"type": kind} for kind, given in rules.items()],
    }


def rules_by_type(ruleset: Mapping[str, Any]) -> dict[str, Mapping[str, Any] | None]:
    """Return the parameters of each rule; None for one without."""
    listed = [mapping(rule) for rule in sequence(ruleset.get("rules"))]
    return {str(rule.get("type")): mapping(rule.get("parameters")) or None for rule in listed}


def _covers(current: Mapping[str, Any]) -> bool:
    names = mapping(mapping(current.get("conditions")).get("ref_name"))
    return "~DEFAULT_BRANCH" in sequence(names.get("include")) and not names.get("exclude")


def _required(status: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [dict(mapping(item)) for item in sequence(mapping(status).get(CHECKS))]
