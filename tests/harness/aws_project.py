"""What the stacks of the examples make for a project, as far as the project's commands meet it: moto, and a contract.

The stack's program is recorded, and what AWS would compute is filled in with what moto has made.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from pipelines.plan.graph import Graph
from pipelines.plan.record import record
from pipelines.release.kms import KmsSigner
from stacks.project.config import read_stack_file
from stacks.project.program import program

if TYPE_CHECKING:
    from tests.harness.api_server import Standin

STACKS = Path(__file__).parents[2] / "stacks" / "examples" / "aws" / "projects"
ACCOUNT = "111111111111"
REGION = "eu-central-1"
PASSWORD = "a long password"


@dataclass
class Environment:
    """What the stack of the project is in one environment, and what is there."""

    project: str
    """Name of the project."""
    graph: Graph
    key: str
    """ARN of the signing key."""

    @property
    def values(self) -> dict[str, str]:
        """Placeholder of the recorded graph -> what AWS says."""
        contract: Any = self.graph.outputs["contract"]
        environment, account = contract["environment"], contract["account"]
        role = f"arn:aws:iam::{account}:role/acme-{environment}-{self.project}"
        return {
            f"${{aws:kms/key:Key::{self.project}-signing.arn}}": self.key,
            f"${{aws:ecr/repository:Repository::{self.project}.repositoryUrl}}": (
                f"{account}.dkr.ecr.{REGION}.amazonaws.com/{self.project}"
            ),
            **{
                f"${{aws:iam/role:Role::{self.project}-{name}.arn}}": f"{role}-{name}"
                for name in ("deploy", "plan", "promotion")
            },
        }

    def filled(self, value: Any) -> str:
        """Return a value of the graph as JSON, with what AWS says."""
        text = json.dumps(value)
        for placeholder, said in self.values.items():
            text = text.replace(placeholder, said)
        return text

    def contract(self, tracking_uri: str, cluster: Standin | None = None) -> str:
        """Return the contract as the stack publishes it, with the addresses of this test."""
        document = json.loads(self.filled(self.graph.outputs["contract"]))
        document["signing_key"]["public_key"] = KmsSigner(document["signing_key"]["private_key_uri"]).public_key
        document["experiment_tracker"]["tracking_uri"] = tracking_uri
        document["model_deployer"] |= cluster.place if cluster else {}
        return json.dumps(document)

    def policies(self, role: str) -> list[str]:
        """Return the policies of one of the project's roles."""
        named = [item for item in self.graph.resources if item.type == "aws:iam/rolePolicy:RolePolicy"]
        mine = [item for item in named if str(item.inputs["role"]).endswith(f"-{self.project}-{role}")]
        return [json.loads(self.filled(item.inputs["policy"])) for item in mine]

    def trust(self, role: str) -> str:
        """Return whom one of the project's roles trusts."""
        found = next(
            item for item in self.graph.resources if item.name == f"{self.project}-{role}" and "iam/role:" in item.type
        )
        return found.inputs["assumeRolePolicy"]


def recorded(project: str, environment: str) -> Graph:
    """Record the stack of the example's project, by another name and without data of others."""
    spec, platform = read_stack_file(STACKS / f"Pulumi.churn-{environment}.yaml")
    own = spec.model_copy(update={"project": project, "reads": {}})
    return record(
        functools.partial(program, own, platform), project="stackwright-project", stack=f"{project}-{environment}"
    )


def built(project: str, name: str, tracking_uri: str, cluster: Standin | None = None) -> Environment:
    """Make what the stacks of an environment make, as far as the project's commands meet it."""
    key = boto3.client("kms", region_name=REGION).create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    environment = Environment(project, recorded(project, name), key["KeyMetadata"]["Arn"])
    published: Any = environment.graph.outputs
    bucket, _, path = published["contract_uri"].removeprefix("s3://").partition("/")
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key=path, Body=environment.contract(tracking_uri, cluster).encode())
    boto3.client("secretsmanager", region_name=REGION).create_secret(
        Name=published["contract"]["experiment_tracker"]["credentials_secret"],
        SecretString=json.dumps({"username": "admin", "password": PASSWORD}),
    )
    return environment
