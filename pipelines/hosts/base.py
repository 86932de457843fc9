"""What delivery asks of the host of a repository; every host has these words, and no others are used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class Denied(UserError):  # noqa: N818 - an answer, not a failure
    """The token may not do this."""


class Conflict(UserError):  # noqa: N818 - an answer, not a failure
    """The host says no to this state of things: it is there already, or it is gone."""


class Missing(Conflict):
    """There is no such thing, or the token may not know of it."""


class Unavailable(UserError):  # noqa: N818 - an answer, not a failure
    """The host answers nobody now, or this token no more for a while: whatever is asked next fails, too."""


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A proposal to change the default branch, from a branch of the repository itself."""

    number: int
    title: str
    body: str
    state: Literal["open", "closed", "merged"]
    branch: str
    url: str
    created: datetime
    checked: bool
    """Whether the host runs checks on it by itself; it does not where the workflow's own token opened it."""


@dataclass(frozen=True, kw_only=True)
class Issue:
    """Something that somebody should look at, written by an automation."""

    number: int
    title: str
    body: str
    state: Literal["open", "closed"]
    declined: bool
    """Whether a person closed it as nothing to be done."""
    url: str


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment by an automation, on a pull request or on an issue."""

    identifier: int
    """Ascends with time."""
    body: str
    created: datetime


class Host(Protocol):
    """One repository at its host. Each call is one question or one change, and raises UserError."""

    def pull_requests(self, branch: str) -> Sequence[PullRequest]:
        """Return all pull requests that ever came from a branch of this repository, newest first."""
        ...

    def open_pull_request(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open one. Raises Conflict when one is open, or when nothing would change."""
        ...

    def edit_pull_request(self, number: int, title: str, body: str) -> PullRequest:
        """Give one another title and body, and return what it is now: it may be closed meanwhile."""
        ...

    def merge_when_ready(self, number: int) -> None:
        """Let one merge by itself when all that is required has passed. Raises Conflict where this cannot be."""
        ...

    def comments(self, number: int, since: datetime | None = None) -> Sequence[Comment]:
        """Return the comments by automations on a pull request or issue, oldest first."""
        ...

    def add_comment(self, number: int, body: str) -> Comment:
        """Comment on a pull request or issue."""
        ...

    def edit_comment(self, identifier: int, body: str) -> None:
        """Give a comment another text."""
        ...

    def issues(self) -> Sequence[Issue]:
        """Return the issues by automations that carry the platform's label, oldest first. Raises Conflict if off."""
        ...

    def open_issue(self, title: str, body: str) -> Issue:
        """Open an issue with the platform's label."""
        ...

    def edit_issue(
        self, number: int, *, state: Literal["open", "closed"], title: str | None = None, body: str | None = None
    ) -> Issue:
        """Change an issue."""
        ...

    def dispatch(self, event: str, payload: Mapping[str, Any]) -> None:
        """Start the workflows that listen for an event."""
        ...
