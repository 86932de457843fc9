"""Patience with GitHub's API, and what its refusals mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.errors import UserError
from pipelines.hosts.base import Conflict, Denied, Missing, Unavailable
from pipelines.hosts.github_rest import Rest
from tests.harness.web import Handler, free_port, serving


class Script:
    """Answers one after the other: status, body, headers; the last one for ever."""

    def __init__(self, *answers: tuple[int, Any, dict[str, str]]) -> None:
        self.answers = list(answers)
        self.tokens: list[str | None] = []

    def __call__(self, request: Handler) -> None:
        self.tokens.append(request.headers.get("Authorization"))
        status, body, headers = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        request.reply(status, json.dumps(body).encode(), **headers)


def asked(method: str, *answers: tuple[int, Any, dict[str, str]]) -> tuple[Any, int, list[float]]:
    """Return what came of a request, how often it was sent, and the pauses."""
    pauses: list[float] = []
    with serving(Script(*answers)) as server:
        rest = Rest(server.url, "s3cret", pauses.append)
        try:
            found = rest.get("x") if method == "GET" else rest.change(method, "x", {})
        except UserError as error:
            found = error
        return found, len(server.requests), pauses


OK: tuple[int, Any, dict[str, str]] = (200, {"a": 1}, {})
TIMES: dict[str, tuple[str, list[tuple[int, Any, dict[str, str]]], int, list[float]]] = {
    "a question after a stumble": ("GET", [(502, {}, {}), (503, {}, {}), OK], 3, [1, 3]),
    "a question after what it asked for": ("GET", [(503, {}, {"Retry_After": "7"}), OK], 2, [7]),
    "a question that never gets an answer": ("GET", [(500, {}, {})], 4, [1, 3, 7]),
    "a change after a stumble": ("POST", [(502, {}, {}), OK], 1, []),
    "a change that a limit refused": ("POST", [(403, {}, {"Retry_After": "2"}), (429, {}, {}), OK], 3, [2, 3]),
    "a limit of an hour": ("POST", [(429, {}, {"Retry_After": "3600"}), OK], 1, []),
    "a right that is not there": ("GET", [(403, {}, {}), OK], 1, []),
    "what is not there": ("GET", [(404, {}, {}), OK], 1, []),
}


@pytest.mark.parametrize("name", TIMES)
def test_what_is_asked_again_and_when(name: str) -> None:
    """Questions after a stumble; changes only when a limit refused them, undone; never without end."""
    method, answers, times, waited = TIMES[name]

    _, sent, pauses = asked(method, *answers)

    assert (times, waited) == (sent, pauses)


LIMIT = {"X_RateLimit_Remaining": "0"}
REFUSALS: dict[str, tuple[tuple[int, Any, dict[str, str]], type[UserError], str]] = {
    "a token that is none": (
        (401, {"message": "Bad credentials"}, {}), Unavailable,
        "the token is refused (Bad credentials); it may have expired: run the job again",
    ),
    "a permission": (
        (403, {"message": "Resource not accessible"}, {}), Denied,
        "the token may not do this (Resource not accessible); see `permissions` of the job",
    ),
    "the limit": ((403, {"message": "no"}, LIMIT), Unavailable, "too many requests (no); run it again later"),
    "the other limit": (
        (403, {"message": "You have exceeded a secondary rate limit"}, {}), Unavailable,
        "too many requests (You have exceeded a secondary rate limit); run it again later",
    ),
    "a state of things": (
        (422, {"message": "Validation Failed", "errors": [{"message": "exists"}, "odd"]}, {}), Conflict,
        "422: Validation Failed; exists",
    ),
    "a new name": (
        (301, {"message": "Moved"}, {"Location": "https://elsewhere.example/"}), UserError,
        "the repository was renamed or transferred; start a new run",
    ),
    "words of many lines": (
        (410, {"message": "a\n::error::b\x1b[2J"}, {}), Conflict, "410: a ::error::b [2J",
    ),
    "what is not there": ((404, {"message": "Not Found"}, {}), Missing, "404: Not Found"),
    "no words": ((418, ["?"], {}), Unavailable, "answered 418 (I'm a Teapot); run it again later"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_what_the_host_refuses_is_explained(name: str) -> None:
    """One line: what was asked, what the host says, what to do."""
    answer, kind, told = REFUSALS[name]

    error, _, _ = asked("POST", answer)

    assert type(error) is kind
    assert [f"POST /x: {told}"] == error.problems


def test_pages_are_read_to_the_end() -> None:
    """The next page is where the host says, if that is the same host."""
    with serving(lambda request: None) as server:

        def answer(request: Handler) -> None:
            last = "page=3" in request.path
            number = request.path.rpartition("=")[2] if "&page=" in request.path else "1"
            following = {} if last else {"Link": f'<{server.url}/x?per_page=100&page={int(number) + 1}>; rel="next"'}
            request.reply(200, json.dumps([number]).encode(), **following)

        server.answer = answer
        assert ["1", "2", "3"] == list(Rest(server.url).every("x"))


def test_the_token_goes_to_no_other_host() -> None:
    """A next page elsewhere, and a redirect, are not followed."""
    elsewhere = {"Link": '<http://127.0.0.1:9/x>; rel="next"'}
    script = Script((200, [1], elsewhere))
    with serving(script) as server, pytest.raises(UserError, match="names a next page at another host"):
        list(Rest(server.url, "s3cret").every("x"))
    assert ["Bearer s3cret"] == script.tokens


def test_a_list_without_end_is_given_up() -> None:
    """After 50 pages."""
    with serving(lambda request: None) as server:
        following = {"Link": f'<{server.url}/x>; rel="next"'}

        def answer(request: Handler) -> None:
            request.reply(200, b"[1]", **following)

        server.answer = answer
        with pytest.raises(UserError, match="more than 5000 items"):
            list(Rest(server.url).every("x"))
    assert 50 == len(server.requests)


@pytest.mark.parametrize(("method", "times"), [("GET", 3), ("POST", 0)])
def test_a_host_that_is_not_there_is_told(method: str, times: int) -> None:
    """A question is asked four times."""
    pauses: list[float] = []
    rest = Rest(f"http://127.0.0.1:{free_port()}", None, pauses.append)

    with pytest.raises(UserError, match=r"^/x: does not answer: .*; run it again$"):
        rest.get("x") if method == "GET" else rest.change(method, "x", {})

    assert times == len(pauses)


def test_what_is_not_json_is_told() -> None:
    """A proxy's page is no answer."""
    with (
        serving(lambda request: request.reply(200, b"<html>")) as server,
        pytest.raises(UserError, match="does not answer as GitHub does"),
    ):
        Rest(server.url).get("x")


def test_the_other_api_of_an_enterprise_server_is_beside() -> None:
    """`/api/v3` and `/api/graphql`; at github.com both are below the same root."""
    with serving(Script((200, {}, {}))) as server:
        Rest(f"{server.url}/api/v3").graphql("q", {})
        Rest(server.url).graphql("q", {})

    assert ["POST /api/graphql", "POST /graphql"] == server.requests


def test_no_message_shows_the_token() -> None:
    """Nor does the object."""
    assert "s3cret" not in repr(Rest("http://x", "s3cret"))
