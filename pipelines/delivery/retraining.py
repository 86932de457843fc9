"""Decide whether models are to be retrained, and claim it: what was retrained is noted at the host.

A model's retrainings are comments on one closed issue, and the pull requests of its pin, closed ones included.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.delivery.due import Attempt, Decision, accepted, decide
from pipelines.delivery.issue import issue_of
from pipelines.delivery.job import run_identifier, run_link
from pipelines.delivery.kinds import Kind, branch_of, known_model
from pipelines.delivery.markdown import code, page, table
from pipelines.delivery.marker import Claim, Finding, Proposal, marked, read
from pipelines.delivery.report import Report
from pipelines.delivery.request import read_request
from pipelines.hosts.base import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.delivery.request import Request
    from pipelines.hosts.base import Comment, Host, Issue
    from pipelines.project import Project

REMEMBERED = timedelta(days=30)
"""How long a key is known; an alarm is delivered again for a day at most."""


@dataclass(frozen=True)
class Retrainings:
    """The retrainings of one model, as the host keeps them."""

    host: Host
    model: str
    branches: Sequence[str]
    """Of the proposals of its pin, where packages are registered."""
    cool_down: timedelta

    @property
    def key(self) -> str:
        """Key of the issue that lists them."""
        return f"retrain/{self.model}"

    def judge(self, request: Request, now: datetime) -> Decision:
        """Judge a request by what was made so far."""
        return decide(self._attempt(request, now), self._made(self._ledger(), now), self.cool_down)

    def claim(self, request: Request, now: datetime) -> Decision:
        """Judge a request, and claim the retraining if it is due: of two claims at once the later one yields."""
        first = self.judge(request, now)
        ledger = self._ledger() or self._new_ledger() if first.due and not first.claimed else None
        if ledger is None:
            return first
        ours = self.host.add_comment(ledger.number, self._text(request))
        earlier = [item for item in self._comments(ledger, ours.created) if item.identifier < ours.identifier]
        pins = self._pins(ours.created)
        made = [*pins, *accepted(self._claims(earlier, ledger), pins, self.cool_down)]
        last = decide(self._attempt(request, ours.created), made, self.cool_down)
        if not last.due:
            self.host.edit_comment(ours.identifier, page(f"Yields: {code(last.reason)}."))
        return last

    def _made(self, ledger: Issue | None, now: datetime) -> list[Attempt]:
        pins = self._pins(now)
        claims = self._claims(self._comments(ledger, now), ledger) if ledger else []
        return [*pins, *accepted(claims, pins, self.cool_down)]

    def _pins(self, now: datetime) -> list[Attempt]:
        requests = [item for branch in self.branches for item in self.host.pull_requests(branch)]
        found = [(item, read(item.body, Proposal)) for item in requests]
        return [
            Attempt(time=item.created, key=said.key, run=said.run, asked=False, where=f"#{item.number}")
            for item, said in found
            if said and item.created >= self._since(now)
        ]

    def _comments(self, ledger: Issue, now: datetime) -> Sequence[Comment]:
        return self.host.comments(ledger.number, self._since(now))

    def _since(self, now: datetime) -> datetime:
        return now - max(REMEMBERED, self.cool_down)

    def _claims(self, comments: Sequence[Comment], ledger: Issue) -> list[Attempt]:
        found = [(item, read(item.body, Claim)) for item in comments]
        where = f"#{ledger.number}"
        return [
            Attempt(time=item.created, key=said.key, run=said.run, asked=said.asked, where=where)
            for item, said in found
            if said and said.retrains == self.model
        ]

    def _ledger(self) -> Issue | None:
        try:
            found = [issue for issue in self.host.issues() if issue_of([issue], self.key)]
        except Conflict:
            return None
        return found[0] if found else None

    def _new_ledger(self) -> Issue | None:
        """Open the issue and close it: nobody has to do anything. Of two at once the older one counts."""
        text = "Each comment is a retraining that was started. This issue stays closed; its comments are read."
        try:
            made = self.host.open_issue(f"Retrainings of {self.model}", marked(Finding(finding=self.key), page(text)))
            self.host.edit_issue(made.number, state="closed")
        except Conflict:
            return None
        return self._ledger() or made

    def _text(self, request: Request) -> str:
        claim = Claim(retrains=self.model, key=request.key, run=run_identifier(), asked=request.by == "person")
        why = code(request.key) if request.key else {"schedule": "its schedule"}.get(request.by, "a person")
        reason = f": {code(request.reason)}" if request.reason else ""
        link = run_link()
        return marked(claim, page(f"Asked for by {why}{reason}.", f"Started by {link}." if link else None))

    def _attempt(self, request: Request, now: datetime) -> Attempt:
        asked = request.by == "person"
        return Attempt(time=now, key=request.key, run=run_identifier(), asked=asked, where="this run")


def retraining(
    project: Project, host: Host, model: str | None, event: Path | None, hours: float, *, claim: bool
) -> Report:
    """Decide for the chosen model, or for all that the event is about."""
    request = read_request(project, event)
    names = [known_model(project, model)] if model else project.model_names(None)
    first = [name for name in project.environments if project.contract(name).promotes_from is None]
    found = dict[str, Decision]()
    for name in names:
        if request.model and request.model != name:
            found[name] = Decision(due=False, reason=f"the event is about {request.model}")
            continue
        branches = [branch_of(Kind.PIN, environment, name) for environment in first]
        known = Retrainings(host, known_model(project, name), branches, timedelta(hours=hours))
        found[name] = known.claim(request, _now()) if claim else known.judge(request, _now())
    return _report(found, request)


def _now() -> datetime:
    return datetime.now(UTC)


def _report(found: dict[str, Decision], request: Request) -> Report:
    due = [name for name, decision in found.items() if decision.due]
    rows = [[code(name), "due" if item.due else "not due", code(item.reason)] for name, item in found.items()]
    return Report(
        command="due",
        lines=[f"{name}: {'due' if item.due else 'not due'}: {item.reason}" for name, item in found.items()],
        outputs={"due": "true" if due else "false", "models": json.dumps(due), "key": request.key or ""},
        summary=page("### Retraining", table(["model", "", "why"], rows)),
        data={"decisions": {name: {"due": item.due, "reason": item.reason} for name, item in found.items()}},
    )
