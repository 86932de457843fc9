"""Questions and changes at GitHub's REST API: patience where it asks for some, and what its refusals mean.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api (2026-11)
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from components.errors import UserError
from pipelines import writes
from pipelines.hosts.answers import mapping, sequence
from pipelines.hosts.base import Conflict, Denied, Missing, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from email.message import Message

SECONDS = 20
ATTEMPTS = 4
LONGEST_WAIT = 60
"""Seconds; whoever is to wait longer is told so instead."""
LARGEST = 8 << 20
PER_PAGE, PAGES = 100, 50
AGAIN = {500, 502, 503, 504}


@dataclass(frozen=True)
class Rest:
    """One API and one token; only the token's own words ever leave for that API, and for no other address."""

    api: str
    token: str | None = field(default=None, repr=False)
    wait: Callable[[float], None] = field(default=time.sleep, repr=False)
    hint: str = "see `permissions` of the job"
    """What to look at when the token may not do something."""

    def get(self, path: str, **query: object) -> Any:
        """Ask for one thing."""
        return self._send("GET", self._address(path, query), None)[0]

    def every(self, path: str, **query: object) -> Iterator[Any]:
        """Ask for all things of a list, page by page."""
        address: str | None = self._address(path, {**query, "per_page": PER_PAGE})
        for _ in range(PAGES):
            found, headers = self._send("GET", address, None)
            if not isinstance(found, list):
                raise UserError(f"{path}: {self.api} does not answer as GitHub does; check GITHUB_API_URL")
            yield from found
            address = self._next(headers)
            if address is None:
                return
        raise UserError(f"{path}: more than {PER_PAGE * PAGES} items; close or remove old ones")

    def change(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Make one change. A change whose fate is unknown is not made twice: run the command again, it looks first."""
        return writes.change_host(self._send, method, self._address(path, {}), body)[0]

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Any:
        """Make one change that only the other API of GitHub has."""
        root = self.api.removesuffix("/v3") if self.api.endswith("/api/v3") else self.api
        return writes.change_host(
            self._send, "POST", f"{root}/graphql", {"query": query, "variables": dict(variables)}
        )[0]

    def _address(self, path: str, query: Mapping[str, object]) -> str:
        return f"{self.api}/{path}" + (f"?{urlencode(query)}" if query else "")

    def _next(self, headers: Message) -> str | None:
        """Return the address of the next page, if it is at this API."""
        found = re.search(r'<([^>]+)>; rel="next"', headers.get("Link") or "")
        if found is None:
            return None
        if urlsplit(found[1])[:2] != urlsplit(self.api)[:2]:
            raise UserError(f"{self.api}: names a next page at another host; check GITHUB_API_URL")
        return found[1]

    def _send(self, method: str, address: str, body: Mapping[str, Any] | None) -> tuple[Any, Message]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with _OPENER.open(self._request(method, address, body), timeout=SECONDS) as answer:
                    content = answer.read(LARGEST)
                    return (json.loads(content) if content.strip() else None), answer.headers
            except urllib.error.HTTPError as error:
                pause = _pause(error, attempt, method)
                if pause is None or attempt == ATTEMPTS:
                    raise self._refusal(method, address, error) from error
                self.wait(pause)
            except OSError as error:
                if method != "GET" or attempt == ATTEMPTS:
                    reason = getattr(error, "reason", error)
                    raise Unavailable(f"{self._said(address)}: does not answer: {reason}; run it again") from error
                self.wait(_backoff(attempt))
            except ValueError as error:
                told = "does not answer as GitHub does; check GITHUB_API_URL"
                raise UserError(f"{self._said(address)}: {told}") from error
        raise AssertionError("unreachable")

    def _request(self, method: str, address: str, body: Mapping[str, Any] | None) -> urllib.request.Request:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(  # noqa: S310 - the API that the environment names
            address, data, {**headers, "User-Agent": "stackwright"}, method=method
        )
        if self.token:
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        return request

    def _refusal(self, method: str, address: str, error: urllib.error.HTTPError) -> UserError:
        where, said = f"{method} {self._said(address)}", _message(error)
        if error.code in {301, 302, 307, 308}:
            return UserError(f"{where}: the repository was renamed or transferred; start a new run")
        if error.code == 401:
            return Unavailable(f"{where}: the token is refused ({said}); it may have expired: run the job again")
        if error.code in {403, 429} and _limited(error.headers, said):
            return Unavailable(f"{where}: too many requests ({said}); run it again later")
        if error.code == 403:
            return Denied(f"{where}: the token may not do this ({said}); {self.hint}")
        if error.code == 404:
            return Missing(f"{where}: 404: {said}")
        if error.code in {405, 409, 410, 422}:
            return Conflict(f"{where}: {error.code}: {said}")
        return Unavailable(f"{where}: answered {error.code} ({said}); run it again later")

    def _said(self, address: str) -> str:
        return urlsplit(address).path.removeprefix(urlsplit(self.api).path)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A repository that moved is told, not followed: the token is for where it was sent."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nowhere."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def _pause(error: urllib.error.HTTPError, attempt: int, method: str) -> float | None:
    """Return how long to wait before the next attempt; none when there is to be none.

    A request that a limit refused was not done, whatever it was; one that failed inside may have been.
    """
    asked = error.headers.get("Retry-After", "")
    if error.code in {403, 429}:
        if asked.isdecimal():
            return float(asked) if int(asked) <= LONGEST_WAIT else None
        return _backoff(attempt) if error.code == 429 else None
    if error.code in AGAIN and method == "GET":
        return min(float(asked), LONGEST_WAIT) if asked.isdecimal() else _backoff(attempt)
    return None


def _backoff(attempt: int) -> float:
    return float(2**attempt - 1)


def _limited(headers: Message, said: str) -> bool:
    return bool(headers.get("Retry-After")) or headers.get("X-RateLimit-Remaining") == "0" or "rate limit" in said


def _message(error: urllib.error.HTTPError) -> str:
    """Return what GitHub says, in one short line."""
    try:
        found = mapping(json.loads(error.read(1 << 16)))
    except (OSError, ValueError):
        found = mapping(None)
    parts = [found.get("message"), *(mapping(item).get("message") for item in sequence(found.get("errors")))]
    said = "; ".join(str(part) for part in parts if part) or str(error.reason)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in said).split())[:300]
