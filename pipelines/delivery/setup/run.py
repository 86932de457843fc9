"""Look at the settings of a project's repository, tell what is to be changed, and change it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from components.errors import Blocked, UserError
from pipelines import printing
from pipelines.connect.check import check as check_contracts
from pipelines.delivery.environments import ALONE, NOT_CONNECTED
from pipelines.delivery.setup.account import account, guarantees
from pipelines.delivery.setup.branch import check_protection
from pipelines.delivery.setup.environments import check_environments
from pipelines.delivery.setup.findings import Findings
from pipelines.delivery.setup.identity import check_identity
from pipelines.delivery.setup.look import Look
from pipelines.delivery.setup.owners import check_owners
from pipelines.delivery.setup.platform import check_platform
from pipelines.delivery.setup.repository import check_repository, check_workflow_token
from pipelines.hosts.answers import mapping
from pipelines.hosts.base import Unavailable
from pipelines.hosts.github_settings import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipelines.delivery.setup.findings import Change
    from pipelines.hosts.github_settings import GithubSettings
    from pipelines.project import Project
    from stacks.contract import Contract

CHECKS = (
    check_environments,
    check_platform,
    check_repository,
    check_workflow_token,
    check_identity,
    check_owners,
    check_protection,
)
"""In the order in which changes are made: what may keep people out comes last."""


@dataclass
class Setup:
    """What was found at a repository, and what became of it."""

    repository: str
    told: str
    """What kind of repository it is."""
    findings: Findings
    made: list[Change] = field(default_factory=list["Change"])
    failures: list[str] = field(default_factory=list[str])

    def exit_code(self, *, check: bool) -> int:
        """Return 1 for problems, 4 for `--check` where something remains to be done, 0 otherwise."""
        if self.findings.problems or self.failures:
            return UserError.exit_code
        return Blocked.exit_code if check and (self.findings.changes or self.findings.by_hand) else 0

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        found = self.findings
        return {
            "repository": self.repository,
            "account": self.told,
            "changes": [{"where": c.where, "what": c.what, "made": c in self.made} for c in found.changes],
            "guarantees": [{"what": g.what, "holds": g.holds, "told": g.told} for g in found.guarantees],
            "trust": found.trust,
            "by_hand": found.by_hand,
            "notes": found.notes,
            "problems": [*sorted(found.problems), *self.failures],
        }

    def lines(self, *, check: bool) -> list[str]:
        """Say to a person what was found."""
        found = self.findings
        will = "would change" if check or found.problems else "will change"
        return [
            f"{self.repository}: {self.told}",
            *_section("guarantees", [_guaranteed(item.what, item.told, holds=item.holds) for item in found.guarantees]),
            *_section("trust", found.trust),
            *_section("notes", found.notes),
            *_section("by hand remains", found.by_hand),
            *_section(will, [change.told for change in found.changes]),
        ]


def look_at(project: Project, host: GithubSettings, server: str, *, ask_reviewers: bool = False) -> Setup:
    """Compare the settings of a repository with what its contracts and workflows need; changes nothing."""
    contracts = reachable(project)
    repository = host.repository()
    if mapping(repository.get("permissions")).get("admin") is False:
        raise UserError(f"{host.name}: the token is not of an administrator of it; {RIGHTS}")
    given = account(host, repository)
    look = Look(project, host, contracts, repository, given, server, ask_reviewers)
    found = Findings(guarantees=guarantees(given, look.branch))
    for check in CHECKS:
        _run(check, look, found)
    return Setup(str(repository.get("full_name", host.name)), given.told, found)


def change(setup: Setup) -> None:
    """Make the changes, one after the other, and say each; killed anywhere, the next run makes the rest."""
    failed: set[str] = set()
    for item in setup.findings.changes:
        if item.where in failed:
            setup.failures.append(f"{item.told}: not made; what it builds on failed")
            continue
        try:
            item.make()
        except Unavailable as error:
            setup.failures += [f"{item.told}: {problem}" for problem in error.problems]
            setup.failures.append(f"{setup.repository}: stopped after {len(setup.made)} changes; run it again")
            return
        except UserError as error:
            failed.add(item.where)
            setup.failures += [f"{item.told}: {problem}" for problem in error.problems]
        else:
            setup.made.append(item)


def run(setup: Setup, *, check: bool, as_json: bool) -> int:
    """Tell what was found, and every change before the first is made; return the exit code."""
    writes = not check and not setup.findings.problems
    if not as_json:
        printing.line("\n".join(setup.lines(check=check)))
    elif writes:
        printing.problem_lines([change.told for change in setup.findings.changes])
    sys.stdout.flush()
    if writes:
        change(setup)
    _conclude(setup, check=check, as_json=as_json)
    return setup.exit_code(check=check)


def reachable(project: Project) -> Sequence[Contract]:
    """Return the contracts of the environments that jobs of the host can reach, all of them checked."""
    if problems := check_contracts(project, live=False):
        raise UserError(problems)
    contracts = [project.contract(name) for name in project.environments]
    found = [contract for contract in contracts if contract.runs_on != "local"]
    if not found:
        alone = [f"stack/{contract.environment}.json: {ALONE}" for contract in contracts]
        raise UserError([*alone, f"stack: {NOT_CONNECTED}"])
    return sorted(found, key=lambda contract: (contract.tier, contract.environment))


def _run(check: Callable[[Look, Findings], None], look: Look, found: Findings) -> None:
    try:
        check(look, found)
    except Unavailable:
        raise
    except UserError as error:
        found.problems += error.problems


def _conclude(setup: Setup, *, check: bool, as_json: bool) -> None:
    if as_json:
        printing.document(setup.as_json())
        return
    printing.problem_lines([*sorted(setup.findings.problems), *setup.failures])
    if not setup.findings.changes:
        printing.line("nothing to change")
    elif setup.findings.problems:
        printing.line("nothing was changed")
    elif not check:
        printing.line(f"{len(setup.made)} of {len(setup.findings.changes)} changes made")


def _guaranteed(what: str, told: str, *, holds: bool) -> str:
    return f"{'yes' if holds else 'NO '} {what}: {told}"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []
