"""A project with the contracts of the `aws` stack: its commands make just the calls that are listed beside this file.

The stack's program is recorded, what AWS would compute is filled in with what moto has made, and the contract that the
stack exports is what the project pulls. Each call is held against the policies of the role that makes it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pipelines.plan.access import Request, decide, web_identity
from tests.harness.api_server import api_server
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.aws_project import ACCOUNT, PASSWORD, REGION, Environment, built
from tests.harness.calls import Call, recorded_calls
from tests.harness.command import stackwright
from tests.harness.mlflow import mlflow_server
from tests.harness.project import Toy

LISTED = Path(__file__).with_name("aws_contract_calls.jsonl")
WRITES = {"PutObject", "Sign"}
KEY_RIGHTS = {"GetObject": "kms:Decrypt", "PutObject": "kms:GenerateDataKey"}
"""Operation of S3 -> what it needs on the key of an encrypted bucket."""


@pytest.fixture
def environments(
    toy: Toy, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[dict[str, Environment]]:
    """Dev and staging as their stacks leave them, and a project that is not connected to them yet."""
    shutil.rmtree(toy.root / "stack")
    toy.commit("not connected")
    token = tmp_path / "token"
    token.write_text("a token of the job")
    server = shutil.copy(database, tmp_path / "server.db")
    with (
        empty_moto_server() as endpoint,
        mlflow_server(server, tmp_path, PASSWORD) as address,
        api_server() as cluster,
    ):
        point_at(monkeypatch, endpoint)
        monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        yield {name: built("toy", name, address, cluster) for name in ("dev", "staging")}


def walk(toy: Toy, environments: dict[str, Environment]) -> list[tuple[str, str, Call]]:
    """Take a package from dev to staging; return each call with the environment whose job made it, and its command."""
    found = list[tuple[str, str, Call]]()

    def run(environment: str, *words: str) -> None:
        with recorded_calls() as calls:
            said = stackwright(*words, "--project", toy.root)
        assert (0, "") == (said.code, said.err), words
        found.extend(
            (environment, " ".join(words[:2] if words[0] == "contract" else words[:1]), call) for call in calls
        )
        toy.commit(" ".join(words))

    for name, built_there in environments.items():
        run(name, "contract", "pull", "--env", name, "--from", str(built_there.graph.outputs["contract_uri"]))
    for name in environments:
        run(name, "contract", "pull", "--env", name)
        run(name, "contract", "check", "--live", "--env", name)
    run("dev", "register")
    for command in ("gate", "promote"):
        run("staging", command, "--env", "staging")
    run("staging", "verify")
    return found


def test_the_calls_are_those_of_the_list_and_its_roles_may_make_them(
    toy: Toy, environments: dict[str, Environment], tmp_path: Path
) -> None:
    """One call more or less is red, and so is one that the role of the job has no right to."""
    found = walk(toy, environments)
    made = [call.line(environment=where, command=command, by=role_of(call)) for where, command, call in found]
    written = "".join(json.dumps(line) + "\n" for line in made)
    (tmp_path / LISTED.name).write_text(written)

    assert 1 == toy.pin("staging")["release"]
    assert LISTED.read_text().splitlines() == written.splitlines(), f"see {tmp_path / LISTED.name}"
    assert [] == [(command, call) for where, command, call in found if not may(environments, where, call)]
    assert [] == [
        call for where, _, call in found if call.operation in WRITES and reads_only_may(environments[where], call)
    ]


def role_of(call: Call) -> str:
    """Return as whom a call is made: the job's role, its token, or the source's role that the token is good for."""
    if call.operation == "AssumeRoleWithWebIdentity":
        return "token"
    return {"testing": "deploy"}.get(call.identity, "promotion")


def may(environments: dict[str, Environment], where: str, call: Call) -> bool:
    """Return whether the stack gives the role of a call the right to it, and to the key behind it."""
    role = role_of(call)
    if call.operation == "GetCallerIdentity":
        return (
            True  # nobody needs a right to it: docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        )
    if role == "token":
        return trusted(environments["dev"], call)
    owner = environments["dev" if role == "promotion" else where]
    policies = owner.policies(role)
    return all(decide(policies, request).allowed for request in requests_of(call, owner.graph.outputs["contract"]))


def reads_only_may(environment: Environment, call: Call) -> bool:
    """Return whether a role that shall only read has the right to a call."""
    asked = requests_of(call, environment.graph.outputs["contract"])[0]
    return any(decide(environment.policies(role), asked).allowed for role in ("plan", "promotion"))


def requests_of(call: Call, contract: Any) -> list[Request]:
    """Return what IAM is asked when a call is made: for the resource, and for the key that encrypts it."""
    bucket, _, key = call.asked.partition("/")
    if call.service == "s3" and call.operation == "ListObjectsV2":
        return [Request(action="s3:ListBucket", resource=f"arn:aws:s3:::{bucket}", context={"s3:prefix": key})]
    if call.service == "s3":
        through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
        store_key = contract["artifact_store"]["encryption_key"]
        return [
            Request(action=f"s3:{call.operation}", resource=f"arn:aws:s3:::{call.asked}"),
            Request(action=KEY_RIGHTS[call.operation], resource=store_key, context=through),
        ]
    resource = call.asked
    if call.service == "secretsmanager":
        resource = f"arn:aws:secretsmanager:{REGION}:{contract['account']}:secret:{call.asked}-AbCdEf"
    return [Request(action=f"{call.service}:{call.operation}", resource=resource)]


def trusted(source: Environment, call: Call) -> bool:
    """Return whether the source lets a job of staging read."""
    claims = {
        "aud": "sts.amazonaws.com",
        "sub": "repo:acme@123456/churn@987654321:environment:staging",
        "repository_id": "987654321",
        "environment": "staging",
        "ref": "refs/heads/main",
    }
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    assert call.asked.endswith("role/acme-dev-toy-promotion")
    return decide([source.trust("promotion")], web_identity(provider, claims)).allowed
