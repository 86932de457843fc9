"""As whom a job reads the environment before its own."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from components.errors import UserError
from pipelines.identity import job_token, source_credentials
from stacks.contract import Contract
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.calls import recorded_calls
from tests.harness.documents import contract_document
from tests.harness.web import Handler, Server, free_port, serving

VARIABLES = ("AWS_WEB_IDENTITY_TOKEN_FILE", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person's machine."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def contract(**changes: Any) -> Contract:
    """Return the contract of dev."""
    return Contract.model_validate_json(json.dumps(contract_document(**changes)))


@pytest.fixture
def github_job(monkeypatch: pytest.MonkeyPatch) -> Generator[Server]:
    """A job of GitHub that may ask for tokens."""

    def answer(request: Handler) -> None:
        allowed = request.headers["Authorization"] == "Bearer of the runner"
        request.reply(200 if allowed else 401, json.dumps({"value": f"token of {request.path}"}).encode())

    with serving(answer) as server:
        monkeypatch.setenv(VARIABLES[1], f"{server.url}/token?api-version=2.0")
        monkeypatch.setenv(VARIABLES[2], "of the runner")
        yield server


def test_a_job_of_github_asks_for_a_token(github_job: Server) -> None:
    """The token is for AWS and for nobody else."""
    assert "token of /token?api-version=2.0&audience=sts.amazonaws.com" == job_token()


def test_a_token_in_a_file_comes_first(github_job: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other hosts write one; its last line end is none of it."""
    (tmp_path / "token").write_text("in a file\n")
    monkeypatch.setenv(VARIABLES[0], str(tmp_path / "token"))

    assert "in a file" == job_token()
    assert [] == github_job.requests


def test_a_role_of_the_source_is_assumed_by_token(github_job: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes back signs the calls to the source, and nothing of it is in the environment."""
    with empty_moto_server() as endpoint, recorded_calls() as calls:
        point_at(monkeypatch, endpoint)
        found = source_credentials(contract())

    assert ["arn:aws:iam::123456789012:role/acme-dev-toy-promotion"] == [call.asked for call in calls]
    assert found
    assert found["aws_access_key_id"].startswith("ASIA")
    assert {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"} == set(found)


def test_a_person_reads_with_their_own_rights() -> None:
    """Without a token nobody is asked; nor is there anything to ask where no role is."""
    assert source_credentials(contract()) is None
    assert source_credentials(contract(roles=None)) is None


REFUSED = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"


def test_a_role_that_does_not_trust_the_job(github_job: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the role and who may be it, never the token."""
    with serving(lambda request: request.reply(403, REFUSED)) as server:
        point_at(monkeypatch, server.url)
        with pytest.raises(UserError) as caught:
            source_credentials(contract())

    role = "arn:aws:iam::123456789012:role/acme-dev-toy-promotion"
    told = "does not let this job in; it is for jobs of environments that promote from dev"
    assert [f"{role}: {told}"] == caught.value.problems


@pytest.mark.parametrize("what", ["no answer", "a refusal", "no file"])
def test_a_token_that_cannot_be_had(
    what: str, github_job: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line says where it was looked for."""
    name, value = {
        "no answer": (VARIABLES[1], f"http://127.0.0.1:{free_port()}/token?x=1"),
        "a refusal": (VARIABLES[2], "of somebody else"),
        "no file": (VARIABLES[0], str(tmp_path / "nothing")),
    }[what]
    monkeypatch.setenv(name, value)

    with pytest.raises(UserError) as caught:
        job_token()

    assert (1, True) == (len(caught.value.problems), caught.value.problems[0].startswith(name[:20]))
    assert "somebody" not in caught.value.problems[0]
