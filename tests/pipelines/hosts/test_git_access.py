"""Git signs in at the host of a job, by variables only."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from components.errors import UserError
from pipelines.hosts.git_access import git_variables
from pipelines.project import git
from tests.harness.web import Handler, serving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """The headers with which a server was asked; it is the host of this job."""
    for name in ("GIT_CONFIG_COUNT", "GITHUB_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    return []


def ask(folder: Path, asked: list[str | None], monkeypatch: pytest.MonkeyPatch, *, own: bool) -> None:
    """Let git ask a server, which is that of the job or is not."""

    def answer(request: Handler) -> None:
        asked.append(request.headers.get("Authorization"))
        request.reply(404)

    with serving(answer) as server:
        monkeypatch.setenv("GITHUB_SERVER_URL", server.url if own else "http://127.0.0.1:9")
        with pytest.raises(UserError, match="ls-remote"):
            git(folder, "ls-remote", f"{server.url}/acme/churn")


def test_the_host_of_the_job_gets_the_token(
    tmp_path: Path, asked: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the checkout would have left it, but nowhere on disk."""
    ask(tmp_path, asked, monkeypatch, own=True)

    words = base64.b64encode(b"x-access-token:s3cret").decode()
    assert f"basic {words}" == asked[0]
    assert [] == list(tmp_path.iterdir())


def test_another_host_does_not(tmp_path: Path, asked: list[str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """A remote elsewhere never sees it."""
    ask(tmp_path, asked, monkeypatch, own=False)

    assert [None] == asked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_ACTIONS", "false"),
        ("GITHUB_TOKEN", ""),
        ("GITHUB_SERVER_URL", "https://x\n.y"),
        ("GITHUB_SERVER_URL", ""),
    ],
)
def test_off_a_job_git_is_as_people_have_it(
    name: str, value: str, asked: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's token in a shell is not handed to git."""
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv(name, value)

    assert [] == asked
    assert not [word for word in git_variables() if word.startswith("GIT_CONFIG_")]


def test_what_a_job_has_set_already_stays(asked: list[str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of git are counted, and ours is the last."""
    assert [] == asked
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    for name, value in {"COUNT": "1", "KEY_0": "safe.directory", "VALUE_0": "*"}.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)

    found = git_variables()

    assert ("2", "safe.directory", "http.https://github.com/.extraheader") == (
        found["GIT_CONFIG_COUNT"],
        found["GIT_CONFIG_KEY_0"],
        found["GIT_CONFIG_KEY_1"],
    )
