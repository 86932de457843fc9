"""Propose a change: one commit on the branch of its kind, and one pull request, opened or updated."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from components.base import Tier
from components.errors import Blocked
from pipelines.delivery.bodies import body_of, title_of
from pipelines.delivery.branch import Branch, changed_files, commit_files, moved_files, refuse_elsewhere, same_change
from pipelines.delivery.kinds import Kind, belongs
from pipelines.delivery.markdown import code, page
from pipelines.delivery.pull_request import Draft, Step, bring, clicks, decide
from pipelines.delivery.report import Report
from pipelines.project import Project, default_branch, tip
from pipelines.release.emergency import TRAILER
from pipelines.release.pin import read_pin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.delivery.pull_request import Status
    from pipelines.delivery.wish import Wish
    from pipelines.hosts.base import Host, PullRequest
    from pipelines.release.pin import Pin


def propose(project: Project, host: Host, wish: Wish, shown: Sequence[Path]) -> Report:
    """Propose what the working tree has changed. The default branch is never written.

    Raises:
        Blocked: The default branch, or the branch of the proposal, has moved in a way that this would undo.
    """
    commit = tip(project.root)
    refuse_elsewhere(project, commit)
    files, left = changed_files(project, lambda path: belongs(wish.kind, wish.environment, wish.model, path))
    notes = [f"left out, not part of this: {path}" for path in left]
    if not files or _is_there(project, commit, files):
        return _report(wish, "nothing", None, "", ["nothing to propose: the default branch has it", *notes])
    _refuse_moved(project, commit, files)
    wish = replace(wish, subject=_subject(project, wish, files))
    step = Step("open") if wish.emergency else decide(host.pull_requests(wish.branch), wish)
    if step.do == "decline":
        return _report(wish, "declined", step.request, "", ["a person closed the same proposal; open it again", *notes])
    made, moved = _push(project, wish, commit, files)
    if wish.emergency:
        return _report(wish, "pushed", None, made, [f"pushed; deploy it by `--ref {wish.branch}`", *notes])
    draft = _draft(project, wish, files, shown)
    request, status = bring(host, draft, step.request, moved=moved)
    return _report(wish, status, request, made, [clicks(host, draft, request), *notes])


def _push(project: Project, wish: Wish, tip: str, files: Sequence[str]) -> tuple[str, bool]:
    """Return the commit that the branch is at then, and whether that is another one than before."""
    branch = Branch(project, wish.branch)
    there = branch.at_remote
    made = commit_files(project, files, _message(project, wish))
    if there:
        branch.refuse_people(tip, there)
        if same_change(project, there, made):
            return there, False
    branch.push(made, there)
    return made, True


def _is_there(project: Project, tip: str, files: Sequence[str]) -> bool:
    at_tip = Project(project.root, tip)
    return all(project.read(path) == at_tip.read(path) for path in files)


def _refuse_moved(project: Project, tip: str, files: Sequence[str]) -> None:
    moved = moved_files(project, tip, files)
    if moved:
        told = "changed on the default branch since this job began; run it again, on what is there now"
        raise Blocked([f"{path}: {told}" for path in moved])


def _subject(project: Project, wish: Wish, files: Sequence[str]) -> str:
    """Return the identity of what is proposed: the package where a pin moves, else what the files say."""
    if wish.kind.moves_a_pin:
        _, new = _pins(project, wish)
        return new.digest if new else "none"
    said = hashlib.sha256()
    for path in files:
        said.update(f"{path}\0{hashlib.sha256(project.read(path) or b'').hexdigest()}\0".encode())
    return said.hexdigest()


def _pins(project: Project, wish: Wish) -> tuple[Pin | None, Pin | None]:
    """Return what is pinned where this job began, and what is proposed."""
    if wish.environment is None or wish.model is None:
        return None, None
    before = read_pin(Project(project.root, "HEAD"), wish.environment, wish.model)
    return before, read_pin(project, wish.environment, wish.model)


def _draft(project: Project, wish: Wish, files: Sequence[str], shown: Sequence[Path]) -> Draft:
    old, new = _pins(project, wish)
    text = body_of(project, wish, old, new, files, shown)
    return Draft(wish, title_of(project, wish, old, new), text, default_branch(project.root), _by_itself(project, wish))


def _by_itself(project: Project, wish: Wish) -> bool:
    """Whether nobody has to approve: promotions, but not into production."""
    if wish.kind is not Kind.PROMOTION or wish.environment is None:
        return False
    return project.contract(wish.environment).tier < Tier.PROD


def _message(project: Project, wish: Wish) -> str:
    """Return what the commit says; foreign text is in the pull request only."""
    title = title_of(project, wish, *_pins(project, wish))
    return f"{title}\n\n{TRAILER}\n" if wish.emergency else f"{title}\n"


def _report(wish: Wish, status: Status, request: PullRequest | None, commit: str, told: list[str]) -> Report:
    number, url = (str(request.number), request.url) if request else ("", "")
    head = f"{wish.branch}: {status}{f' #{number}: {url}' if request else ''}"
    return Report(
        command="propose",
        lines=[head, *(f"  {line}" for line in told)],
        outputs={"status": status, "branch": wish.branch, "commit": commit, "pull_request": number, "url": url},
        summary=page("### Proposal", code(head), "\n".join(f"- {code(line)}" for line in told)),
    )
