"""What GitHub says of a repository."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from components.errors import UserError
from pipelines.hosts.github import GithubHost, Repository
from tests.harness.github import RESET, github, repository
from tests.harness.web import Handler, free_port, serving


def test_ids_branch_and_names_are_those_of_the_host() -> None:
    """Case is the host's, whatever was typed; the token goes into a header."""
    with github(churn=repository()) as server:
        found = GithubHost(server.url, "s3cret").repository("acme/Churn")

    created = datetime(2026, 9, 1, 10, tzinfo=UTC)
    assert Repository("Acme", 123456, "churn", 987654321, "trunk", created) == found
    assert ["GET /repos/acme/Churn Bearer s3cret"] == server.requests


@pytest.mark.parametrize(
    ("created", "legacy"), [("2026-07-14T23:59:59Z", True), ("2026-07-15T00:00:00Z", False)], ids=["old", "new"]
)
def test_the_age_decides_the_subject(created: str, legacy: bool) -> None:
    """Repositories of before 2026-07-15 have tokens without ids."""
    with github(churn=repository(created_at=created)) as server:
        assert legacy is GithubHost(server.url).repository("acme/churn").legacy_subject


LIMIT = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(RESET)}
REFUSALS: dict[str, tuple[Any, str]] = {
    "not there": (None, "not found at {url}, or private: set GITHUB_TOKEN to one that may read it"),
    "the limit of requests": (
        (403, LIMIT),
        "{url} answers no more requests until 2026-11-21 12:00:00 UTC; set GITHUB_TOKEN for a higher limit, or wait",
    ),
    "too many at once": (
        (429, {"Retry_After": "60"}),
        "{url} answers no more requests until 60 seconds have passed; set GITHUB_TOKEN for a higher limit, or wait",
    ),
    "forbidden": ((403, {}), "{url} answered 403 Forbidden; try again later"),
    "a token that is none": ((401, {}), "the token in GITHUB_TOKEN or GH_TOKEN is refused; it may have expired"),
    "moved elsewhere": (
        (301, {"Location": "https://elsewhere.example/repos/acme/churn"}),
        "was renamed or transferred; use its new name",
    ),
    "not an API": ({"hello": "world"}, "{url} does not answer as GitHub does; check --api-url"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_the_host_refuses_is_explained(name: str) -> None:
    """Each refusal is one line that says what to do."""
    answer, told = REFUSALS[name]
    with github(churn=answer) as server, pytest.raises(UserError) as caught:
        GithubHost(server.url).repository("acme/churn")

    assert [f"acme/churn: {told.format(url=server.url)}"] == caught.value.problems


def test_a_renamed_repository_is_told_by_its_new_name() -> None:
    """The host is asked for it; nobody follows silently, for people should know what they trust."""

    def answer(request: Handler) -> None:
        if request.path == "/repos/acme/churn":
            request.reply(301, Location=f"{request.server.url}/repositories/987")
        else:
            request.reply(200, json.dumps(repository(name="churn2")).encode())

    with serving(answer) as server, pytest.raises(UserError) as caught:
        GithubHost(server.url).repository("acme/churn")

    told = "was renamed or transferred: it is `Acme/churn2` now; use its new name"
    assert [f"acme/churn: {told}"] == caught.value.problems


def test_a_host_that_is_down_is_one_line() -> None:
    """It says which host was asked."""
    url = f"http://127.0.0.1:{free_port()}"

    with pytest.raises(
        UserError, match=rf"acme/churn: {url} does not answer: .*refused; try again, or check --api-url"
    ):
        GithubHost(url).repository("acme/churn")


@pytest.mark.parametrize("name", ["churn", "acme/", "../churn", "acme/churn/x", "acme/ch urn", "https://x/acme/churn"])
def test_what_is_no_repository_is_not_asked_for(name: str) -> None:
    """Only `owner/name` becomes a part of an address."""
    with github() as server, pytest.raises(UserError, match="not a repository; write it like `acme/churn`"):
        GithubHost(server.url).repository(name)

    assert [] == server.requests


def test_the_environment_names_api_and_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """`GITHUB_API_URL` is set in GitHub's own jobs; a token is never shown."""
    for name in ("GITHUB_TOKEN", "GITHUB_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GH_TOKEN", "s3cret")

    assert GithubHost("https://api.github.com", "s3cret") == GithubHost.from_environment()
    monkeypatch.setenv("GITHUB_API_URL", "https://git.acme.example/api/v3/")
    assert "https://git.acme.example/api/v3" == GithubHost.from_environment().api
    assert "https://other.example" == GithubHost.from_environment("https://other.example").api
    assert "s3cret" not in repr(GithubHost.from_environment())
