"""The one pull request of a branch: opened, updated, or left alone; and what people have to do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pipelines.delivery.kinds import Kind
from pipelines.delivery.markdown import page
from pipelines.delivery.marker import Proposal, marked, read
from pipelines.hosts.base import Conflict, Denied

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.delivery.wish import Wish
    from pipelines.hosts.base import Host, PullRequest

Status = Literal["opened", "updated", "unchanged", "declined", "merged", "pushed", "nothing"]

UNCHECKED = (
    "Opened with the workflow's own token: its checks wait until somebody with write access approves them under "
    "*Checks*. No merge by that token would start a deployment, so a person merges this."
)
BY_ITSELF = "It merges by itself when all that is required has passed."
BY_PEOPLE = "A person merges this."


@dataclass(frozen=True)
class Step:
    """What is to be done with the pull requests of a branch."""

    do: Literal["open", "update", "decline"]
    request: PullRequest | None = None


def decide(history: Sequence[PullRequest], wish: Wish) -> Step:
    """Choose: update the open one; open one, unless a person has closed one that proposed the same.

    A rollback is asked for by a person each time, so none is declined for good.
    """
    for request in history:
        if request.state == "open":
            return Step("update", request)
    last = history[0] if history else None
    said = read(last.body, Proposal) if last and last.state == "closed" else None
    if said and said.subject == wish.subject and wish.kind is not Kind.ROLLBACK:
        return Step("decline", last)
    return Step("open")


@dataclass(frozen=True)
class Draft:
    """What a pull request is to say, and whether it merges by itself."""

    wish: Wish
    title: str
    text: str
    base: str
    merges_by_itself: bool

    def body(self, *, checked: bool) -> str:
        """Return all that it says."""
        ending = UNCHECKED if not checked else BY_ITSELF if self.merges_by_itself else BY_PEOPLE
        return marked(self.wish.proposal(), page(self.text, ending))


def bring(host: Host, draft: Draft, known: PullRequest | None, *, moved: bool) -> tuple[PullRequest, Status]:
    """Open a pull request or update the known one; `moved` says whether its branch has another commit now.

    One that another job has opened meanwhile is updated; one that was closed or merged meanwhile stays so.
    """
    request = known or _opened(host, draft)
    if isinstance(request, tuple):
        return request
    body = draft.body(checked=request.checked)
    if not moved and request.title == draft.title and request.body.replace("\r\n", "\n").rstrip() == body.rstrip():
        return request, "unchanged"
    found = host.edit_pull_request(request.number, draft.title, body)
    ended: dict[str, Status] = {"closed": "declined", "merged": "merged", "open": "updated"}
    return found, ended[found.state]


def clicks(host: Host, draft: Draft, request: PullRequest) -> str:
    """Say which clicks are left to people, after asking the host to spare them some."""
    if request.state != "open":
        return f"it was {request.state} meanwhile; nothing else is opened"
    if not request.checked:
        return "opened with the workflow's own token: approve its checks, then merge it; both are left to people"
    if not draft.merges_by_itself:
        return "a person merges it"
    try:
        host.merge_when_ready(request.number)
    except Conflict as error:
        return f"a person merges it: {'; '.join(error.problems)}"
    return "it merges by itself when all that is required has passed"


def _opened(host: Host, draft: Draft) -> PullRequest | tuple[PullRequest, Status]:
    """Open one, or return the open one that another job was first with."""
    branch = draft.wish.branch
    try:
        made = host.open_pull_request(branch, draft.base, draft.title, draft.body(checked=True))
    except Denied as error:
        told = "is pushed, but its pull request is not open; let workflows open them (Settings, Actions, General)"
        raise Denied([f"{branch}: {told}: {item}" for item in error.problems]) from error
    except Conflict:
        found = next((item for item in host.pull_requests(branch) if item.state == "open"), None)
        if found is None:
            raise
        return found
    if made.checked:
        return made, "opened"
    return host.edit_pull_request(made.number, draft.title, draft.body(checked=False)), "opened"
