"""A repository at GitHub, as delivery sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from components.errors import UserError
from pipelines.hosts.answers import mapping, sequence
from pipelines.hosts.base import Comment, Conflict, Issue, PullRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipelines.hosts.github_rest import Rest

LABEL = "stackwright"
WORKFLOW_USER = "github-actions[bot]"
"""Who opens what a job opens with its own token."""
AUTO_MERGE = """mutation($id: ID!) {
  enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: MERGE}) { clientMutationId }
}"""

Read = TypeVar("Read")


@dataclass(frozen=True)
class GithubDelivery:
    """One repository of GitHub; implements `Host`."""

    rest: Rest
    repository: str
    """`owner/name`."""

    def pull_requests(self, branch: str) -> Sequence[PullRequest]:
        """Return all pull requests that ever came from a branch of this repository, newest first."""
        owner = self.repository.partition("/")[0]
        found = self.rest.every(
            self._path("pulls"), state="all", head=f"{owner}:{branch}", sort="created", direction="desc"
        )
        return [_read(_pull_request, item) for item in found if self._own(item, branch)]

    def open_pull_request(self, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open one."""
        words = {"head": branch, "base": base, "title": title, "body": body, "maintainer_can_modify": False}
        return _read(_pull_request, self.rest.change("POST", self._path("pulls"), words))

    def edit_pull_request(self, number: int, title: str, body: str) -> PullRequest:
        """Give one another title and body."""
        words = {"title": title, "body": body}
        return _read(_pull_request, self.rest.change("PATCH", self._path("pulls", number), words))

    def merge_when_ready(self, number: int) -> None:
        """Let one merge by itself when all that is required has passed."""
        node = str(self.rest.get(self._path("pulls", number))["node_id"])
        said = self.rest.graphql(AUTO_MERGE, {"id": node})
        if errors := mapping(said).get("errors"):
            raise Conflict(f"pull request {number}: cannot merge by itself: {_first(errors)}")

    def comments(self, number: int, since: datetime | None = None) -> Sequence[Comment]:
        """Return the comments by automations, oldest first."""
        query = {"since": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")} if since else {}
        found = self.rest.every(self._path("issues", number, "comments"), **query)
        return sorted((_read(_comment, item) for item in found if _automated(item)), key=lambda item: item.identifier)

    def add_comment(self, number: int, body: str) -> Comment:
        """Comment on a pull request or issue."""
        return _read(_comment, self.rest.change("POST", self._path("issues", number, "comments"), {"body": body}))

    def edit_comment(self, identifier: int, body: str) -> None:
        """Give a comment another text."""
        self.rest.change("PATCH", self._path("issues", "comments", identifier), {"body": body})

    def issues(self) -> Sequence[Issue]:
        """Return the issues by automations that carry the platform's label, oldest first."""
        found = self.rest.every(self._path("issues"), state="all", labels=LABEL, sort="created", direction="asc")
        return [_read(_issue, item) for item in found if "pull_request" not in item and _automated(item)]

    def open_issue(self, title: str, body: str) -> Issue:
        """Open an issue with the platform's label, which the host makes when it is new."""
        words = {"title": title, "body": body, "labels": [LABEL]}
        return _read(_issue, self.rest.change("POST", self._path("issues"), words))

    def edit_issue(
        self, number: int, *, state: Literal["open", "closed"], title: str | None = None, body: str | None = None
    ) -> Issue:
        """Change an issue."""
        reason = "completed" if state == "closed" else "reopened"
        words = {"state": state, "state_reason": reason, "title": title, "body": body}
        kept = {name: value for name, value in words.items() if value is not None}
        return _read(_issue, self.rest.change("PATCH", self._path("issues", number), kept))

    def dispatch(self, event: str, payload: Mapping[str, Any]) -> None:
        """Start the workflows that listen for an event."""
        self.rest.change("POST", self._path("dispatches"), {"event_type": event, "client_payload": dict(payload)})

    def _path(self, *parts: object) -> str:
        return "/".join(["repos", self.repository, *map(str, parts)])

    def _own(self, item: Any, branch: str) -> bool:
        """Whether a pull request came from that branch here: anybody can name a branch of a fork like it."""
        head = mapping(mapping(item).get("head"))
        place = str(mapping(head.get("repo")).get("full_name"))
        return head.get("ref") == branch and place.lower() == self.repository.lower()


def _read(reader: Callable[[Any], Read], found: Any) -> Read:
    try:
        return reader(found)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError("GITHUB_API_URL: does not answer as GitHub does; check it") from error


def _pull_request(found: Any) -> PullRequest:
    return PullRequest(
        number=int(found["number"]),
        title=str(found["title"]),
        body=str(found.get("body") or ""),
        state="merged" if found.get("merged_at") else "open" if found["state"] == "open" else "closed",
        branch=str(found["head"]["ref"]),
        url=str(found["html_url"]),
        created=datetime.fromisoformat(found["created_at"]),
        checked=found["user"]["login"] != WORKFLOW_USER,
    )


def _issue(found: Any) -> Issue:
    return Issue(
        number=int(found["number"]),
        title=str(found["title"]),
        body=str(found.get("body") or ""),
        state="open" if found["state"] == "open" else "closed",
        declined=found["state"] != "open" and found.get("state_reason") == "not_planned",
        url=str(found["html_url"]),
    )


def _comment(found: Any) -> Comment:
    created = datetime.fromisoformat(found["created_at"])
    return Comment(identifier=int(found["id"]), body=str(found.get("body") or ""), created=created)


def _automated(found: Any) -> bool:
    return mapping(mapping(found).get("user")).get("type") == "Bot"


def _first(errors: Any) -> str:
    said = next((str(mapping(item).get("message")) for item in sequence(errors)), "")
    return " ".join(said.split())[:300]
