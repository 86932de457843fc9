"""What a merge would do: which release each environment leaves, which it gets, and by what right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from components.base import Document
from components.errors import UserError
from pipelines import writes
from pipelines.delivery.bodies import evidence_of
from pipelines.delivery.kinds import shown
from pipelines.delivery.markdown import code, page, table
from pipelines.delivery.report import Report
from pipelines.project import Project, git
from pipelines.release.evidence import check_decision, check_evidence, digest_of, read_evidence
from pipelines.release.history import was_pinned
from pipelines.release.pin import Pin, lineage, read_pin, read_refused, refusal, short

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Effect = Literal["first", "moves", "rolls back", "stops", "same digest"]


class Change(Document):
    """What one model would be in one environment."""

    environment: str
    model: str
    effect: Effect
    leaves: int | None
    """Release that is pinned now."""
    gets: int | None
    digest: str | None
    why: str
    """By what right: what the gate said, or why it is not asked; `blocked` only where a deployment would be refused."""

    @property
    def sentence(self) -> str:
        """One line: `prod/churn: 7 -> 8, sha256:ab…, gate passed with …`."""
        releases = f"{self.leaves or 'nothing'} -> {self.gets or 'nothing'}"
        digest = f"{short(self.digest)}…, " if self.digest else ""
        return f"{self.environment}/{self.model}: {releases}, {digest}{self.why}"


def preview(project: Project, base: str, file: Path | None = None) -> Report:
    """Compare the working tree with where it left a branch."""
    commit = _fork_point(project, base)
    before = Project(project.root, commit)
    changes = [change for pair in _pairs(before, project) if (change := _change(before, project, *pair))]
    others = [*_contracts(before, project), *_refusals(before, project)]
    lines = [*(change.sentence for change in changes), *others] or ["no environment would run anything else"]
    text = _page(changes, others)
    if file:
        writes.replace_file(file, text.encode())
    data = {"changes": [change.model_dump(mode="json") for change in changes], "others": others}
    return Report(command="preview", lines=lines, summary=text, data=data)


def _fork_point(project: Project, base: str) -> str:
    """Return the commit at which this tree left a branch: what that branch did since is none of its doing."""
    if base.startswith("-"):
        raise UserError(f"--base: `{base}` is not a branch or commit")
    try:
        known = git(project.root, "rev-parse", "--verify", "--end-of-options", f"{base}^{{commit}}").strip()
    except UserError as error:
        wanted = "not in this clone; fetch it with its history, as `fetch-depth: 0` of a checkout does"
        raise UserError(f"--base: {shown(base)}: {wanted}") from error
    return git(project.root, "merge-base", known, "HEAD").strip()


def _pairs(before: Project, after: Project) -> Iterable[tuple[str, str]]:
    """Return each environment and model that is pinned before or after."""
    found = {
        (environment, model)
        for project in (before, after)
        for environment in {*before.environments, *after.environments}
        for model in project.names(f"promotions/{environment}", ".yaml")
    }
    return sorted(found, key=lambda pair: (_rank(after, pair[0]), pair))


def _rank(project: Project, environment: str) -> int:
    try:
        return len(lineage(project, environment))
    except UserError:
        return 0


def _change(before: Project, after: Project, environment: str, model: str) -> Change | None:
    try:
        old = read_pin(before, environment, model)
    except UserError:
        old = None
    try:
        new = read_pin(after, environment, model)
        if old == new:
            return None
        effect, why = _effect(before, after, environment, model, old, new)
    except UserError as error:
        new, effect, why = None, "moves", f"does not hold: {'; '.join(error.problems)}"
    return Change(
        environment=environment,
        model=model,
        effect=effect,
        leaves=old.release if old else None,
        gets=new.release if new else None,
        digest=new.digest if new else None,
        why=why,
    )


def _effect(
    before: Project, after: Project, environment: str, model: str, old: Pin | None, new: Pin | None
) -> tuple[Effect, str]:
    if new is None:
        return "stops", "its server is stopped"
    if found := refusal(read_refused(after), lineage(after, environment), model, new.digest):
        return "moves", f"blocked: refused in {found.environment}: {found.reason}"
    if old and old.digest == new.digest:
        return "same digest", "the same package; only what is written beside it changes"
    if old and before.commit and was_pinned(after, before.commit, environment, model, new.digest):
        return "rolls back", f"rollback: {environment} has held it; no gate is asked"
    return "moves" if old else "first", _gate(after, environment, new)


def _gate(project: Project, environment: str, pin: Pin) -> str:
    """Tell what the evidence says; where packages are registered it informs, and elsewhere it decides."""
    first = project.contract(environment).promotes_from is None
    path = evidence_of(environment, pin)
    if first and project.read(path) is None:
        return "registered here, without evidence"
    if not first and pin.evidence is None:
        return "blocked: no evidence"
    try:
        return _passed(project, environment, pin, path)
    except UserError as error:
        said = "; ".join(error.problems)
        return f"registered here, though its evidence does not hold: {said}" if first else f"blocked: {said}"


def _passed(project: Project, environment: str, pin: Pin, path: str) -> str:
    evidence, content = read_evidence(project, path, "not found")
    if pin.evidence and digest_of(content) != pin.evidence:
        raise UserError(f"{path}: is not the evidence that the pin names")
    key = project.contract(environment).signing_key.public_key
    check_evidence(path, evidence, environment=environment, model=pin.model, candidate=pin.digest, public_key=key)
    check_decision(path, evidence)
    telling = [item for item in evidence.decision.findings if item.rule in {"primary", "baseline"}]
    return f"gate passed with {'; '.join(item.reason for item in telling)}"


def _contracts(before: Project, after: Project) -> list[str]:
    names = sorted({*before.environments, *after.environments})
    return [
        f"stack/{name}.json: {_verb(old, new)}"
        for name in names
        if (old := before.read(f"stack/{name}.json")) != (new := after.read(f"stack/{name}.json"))
    ]


def _verb(old: bytes | None, new: bytes | None) -> str:
    if old is None:
        return "this environment is connected"
    return "the contract changes" if new is not None else "this environment is let go"


def _refusals(before: Project, after: Project) -> list[str]:
    try:
        old, new = read_refused(before).refused, read_refused(after).refused
    except UserError as error:
        return error.problems
    told = [(f"is refused: {item.reason}", item) for item in new if item not in old]
    told += [("is no longer refused", item) for item in old if item not in new]
    return [f"{item.environment}/{item.model}: {short(item.digest)}… {said}" for said, item in told]


def _page(changes: list[Change], others: list[str]) -> str:
    if not changes and not others:
        return page("### What a merge would do", "No environment would run anything else.")
    rows = [
        [code(f"{item.environment}/{item.model}"), f"{item.leaves or '-'} → {item.gets or '-'}", *_cells(item)]
        for item in changes
    ]
    shown = table(["where", "release", "digest", "by what right"], rows) if rows else None
    return page("### What a merge would do", shown, "\n".join(f"- {code(line)}" for line in others))


def _cells(change: Change) -> list[str]:
    return [code(short(change.digest)) if change.digest else "-", code(change.why)]
