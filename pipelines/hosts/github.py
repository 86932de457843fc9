"""GitHub's REST API: `GET /repos/{owner}/{repo}`, and what its refusals mean.

https://docs.github.com/en/rest/repos/repos#get-a-repository (2026-11)
"""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from components.errors import UserError

if TYPE_CHECKING:
    from email.message import Message

API = "https://api.github.com"
SECONDS = 10
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?/[A-Za-z0-9._-]{1,100}")
IMMUTABLE_SUBJECTS_SINCE = datetime(2026, 7, 15, tzinfo=UTC)
"""Repositories that are older have tokens whose subject is without ids, unless they were renamed since."""


@dataclass(frozen=True)
class Repository:
    """One repository, as its host knows it."""

    owner: str
    """As the host writes it: case counts in tokens."""
    owner_id: int
    name: str
    """Without its owner, as the host writes it."""
    repository_id: int
    default_branch: str
    created: datetime

    @property
    def full_name(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def legacy_subject(self) -> bool:
        """Whether its tokens may still name it without its ids."""
        return self.created < IMMUTABLE_SUBJECTS_SINCE


@dataclass(frozen=True)
class GithubHost:
    """The API of github.com or of an enterprise server."""

    api: str = API
    token: str | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, api: str | None = None) -> GithubHost:
        """Return the API that the environment names (`GITHUB_API_URL`), with its token if it has one."""
        token = os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN")
        return cls((api or os.environ.get("GITHUB_API_URL") or API).rstrip("/"), token)

    def repository(self, name: str) -> Repository:
        """Look a repository up by `owner/name`.

        Raises:
            UserError: It is not there, was renamed, or the host does not answer.
        """
        if not NAME.fullmatch(name):
            raise UserError(f"{name}: not a repository; write it like `acme/churn`")
        found = self._get(name, f"{self.api}/repos/{name}")
        try:
            return _repository(found)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{name}: {self.api} does not answer as GitHub does; check --api-url") from error

    def _get(self, name: str, url: str) -> Any:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        request = urllib.request.Request(url, headers={**headers, "User-Agent": "stackwright"})  # noqa: S310
        if self.token:
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with _OPENER.open(request, timeout=SECONDS) as answer:
                return json.loads(answer.read(1 << 20))
        except urllib.error.HTTPError as error:
            raise UserError(f"{name}: {self._refusal(name, error)}") from error
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise UserError(f"{name}: {self.api} does not answer: {reason}; try again, or check --api-url") from error
        except ValueError as error:
            raise UserError(f"{name}: {self.api} does not answer as GitHub does; check --api-url") from error

    def _refusal(self, name: str, error: urllib.error.HTTPError) -> str:
        if error.code in {301, 307, 308}:
            return f"was renamed or transferred{self._successor(name, error.headers)}; use its new name"
        if error.code == 404:
            hint = "" if self.token else ", or private: set GITHUB_TOKEN to one that may read it"
            return f"not found at {self.api}{hint}"
        if error.code == 401:
            return "the token in GITHUB_TOKEN or GH_TOKEN is refused; it may have expired"
        if error.code in {403, 429} and (until := _limited_until(error.headers)):
            return f"{self.api} answers no more requests until {until}; set GITHUB_TOKEN for a higher limit, or wait"
        return f"{self.api} answered {error.code} {error.reason}; try again later"

    def _successor(self, name: str, headers: Message) -> str:
        """Return what a repository is called now, if the same host says so."""
        location = headers.get("Location") or ""
        if urlsplit(location)[:2] != urlsplit(self.api)[:2]:
            return ""
        try:
            return f": it is `{self._get(name, location)['full_name']}` now"
        except (UserError, KeyError, TypeError):
            return ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A repository that moved is told, not followed."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nowhere."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def _limited_until(headers: Message) -> str | None:
    """Return when a limit ends, if it is one that refuses."""
    if seconds := headers.get("Retry-After"):
        return f"{seconds} seconds have passed"
    if headers.get("X-RateLimit-Remaining") == "0" and (reset := headers.get("X-RateLimit-Reset", "")).isdecimal():
        return datetime.fromtimestamp(int(reset), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return None


def _repository(found: Any) -> Repository:
    return Repository(
        owner=str(found["owner"]["login"]),
        owner_id=int(found["owner"]["id"]),
        name=str(found["name"]),
        repository_id=int(found["id"]),
        default_branch=str(found["default_branch"]),
        created=datetime.fromisoformat(found["created_at"]),
    )
