"""A project with the contracts of the `aws` stack: its commands make just the calls that are listed beside this file.

The stack's program is recorded, what AWS would compute is filled in with what moto has made, and the contract that the
stack exports is what the project pulls. Each call is held against the policies of the role that makes it.
"""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from pipelines.plan.access import Request, decide, web_identity
from pipelines.plan.graph import Graph
from pipelines.plan.record import record
from pipelines.release.kms import KmsSigner
from stacks.project.config import read_stack_file
from stacks.project.program import program
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.calls import Call, recorded_calls
from tests.harness.command import stackwright
from tests.harness.mlflow import mlflow_server
from tests.harness.project import Toy

STACKS = Path(__file__).parents[2] / "stacks" / "examples" / "aws" / "projects"
LISTED = Path(__file__).with_name("aws_contract_calls.jsonl")
ACCOUNT = "111111111111"
REGION = "eu-central-1"
PASSWORD = "a long password"
WRITES = {"PutObject", "Sign"}
KEY_RIGHTS = {"GetObject": "kms:Decrypt", "PutObject": "kms:GenerateDataKey"}
"""Operation of S3 -> what it needs on the key of an encrypted bucket."""


@dataclass
class Environment:
    """What the stack of the project is in one environment, and what is there."""

    graph: Graph
    key: str
    """ARN of the signing key."""

    @property
    def values(self) -> dict[str, str]:
        """Placeholder of the recorded graph -> what AWS says."""
        contract: Any = self.graph.outputs["contract"]
        environment, account = contract["environment"], contract["account"]
        role = f"arn:aws:iam::{account}:role/acme-{environment}-toy"
        return {
            "${aws:kms/key:Key::toy-signing.arn}": self.key,
            "${aws:ecr/repository:Repository::toy.repositoryUrl}": f"{account}.dkr.ecr.{REGION}.amazonaws.com/toy",
            **{f"${{aws:iam/role:Role::toy-{name}.arn}}": f"{role}-{name}" for name in ("deploy", "plan", "promotion")},
        }

    def filled(self, value: Any) -> str:
        """Return a value of the graph as JSON, with what AWS says."""
        text = json.dumps(value)
        for placeholder, said in self.values.items():
            text = text.replace(placeholder, said)
        return text

    def contract(self, tracking_uri: str) -> str:
        """Return the contract as the stack publishes it."""
        document = json.loads(self.filled(self.graph.outputs["contract"]))
        document["signing_key"]["public_key"] = KmsSigner(document["signing_key"]["private_key_uri"]).public_key
        document["experiment_tracker"]["tracking_uri"] = tracking_uri
        return json.dumps(document)

    def policies(self, role: str) -> list[str]:
        """Return the policies of one of the project's roles."""
        named = [item for item in self.graph.resources if item.type == "aws:iam/rolePolicy:RolePolicy"]
        mine = [item for item in named if str(item.inputs["role"]).endswith(f"-toy-{role}")]
        return [json.loads(self.filled(item.inputs["policy"])) for item in mine]

    def trust(self, role: str) -> str:
        """Return whom one of the project's roles trusts."""
        found = next(item for item in self.graph.resources if item.name == f"toy-{role}" and "iam/role:" in item.type)
        return found.inputs["assumeRolePolicy"]


def recorded(environment: str) -> Graph:
    """Record the stack of the example's project, under another name and without data of others."""
    spec, platform = read_stack_file(STACKS / f"Pulumi.churn-{environment}.yaml")
    own = spec.model_copy(update={"project": "toy", "reads": {}})
    return record(functools.partial(program, own, platform), project="stackwright-project", stack=f"toy-{environment}")


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
    with empty_moto_server() as endpoint, mlflow_server(server, tmp_path, PASSWORD) as address:
        point_at(monkeypatch, endpoint)
        monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
        yield {name: built(name, address) for name in ("dev", "staging")}


def built(name: str, tracking_uri: str) -> Environment:
    """Make what the stacks of an environment make, as far as the project's commands meet it."""
    key = boto3.client("kms", region_name=REGION).create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    environment = Environment(recorded(name), key["KeyMetadata"]["Arn"])
    published: Any = environment.graph.outputs
    bucket, _, path = published["contract_uri"].removeprefix("s3://").partition("/")
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key=path, Body=environment.contract(tracking_uri).encode())
    boto3.client("secretsmanager", region_name=REGION).create_secret(
        Name=published["contract"]["experiment_tracker"]["credentials_secret"],
        SecretString=json.dumps({"username": "admin", "password": PASSWORD}),
    )
    return environment


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
