"""What the stacks of the examples make for a project in a cluster without a cloud, as far as its commands meet it.

The stack's program is recorded; what only a provider knows is made here: keys, and the Secrets that hold them.
"""

from __future__ import annotations

import fnmatch
import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from components.ci_identity.groups import deploy_group, pull_request_group
from pipelines.plan.graph import Graph, GraphResource
from pipelines.plan.record import record
from stacks.project.config import read_stack_file
from stacks.project.program import program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.api_server import Standin
    from tests.harness.calls import Call

STACKS = Path(__file__).parents[2] / "stacks" / "examples" / "kubernetes" / "projects"
IDS = (123456, 987654321)
"""Of the owner and the repository in the examples."""
PASSWORD = "a long password"
PLANS = pull_request_group(*IDS)

RIGHTS = {"GetObject": "Read", "HeadObject": "Read", "ListObjectsV2": "List", "PutObject": "Write"}
"""Operation of S3 -> the action of SeaweedFS that allows it."""


@dataclass
class Environment:
    """What the stack of the project is in one environment, and what is there."""

    project: str
    graph: Graph
    cluster: Standin
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def contract(self, tracking_uri: str, endpoint: str) -> dict[str, Any]:
        """Return the contract as the stack publishes it, with the addresses of this test."""
        shape = serialization.PublicFormat.SubjectPublicKeyInfo
        public = self.key.public_key().public_bytes(serialization.Encoding.PEM, shape).decode()
        document: Any = json.loads(json.dumps(self.graph.outputs["contract"]))
        document["signing_key"]["public_key"] = public
        document["experiment_tracker"]["tracking_uri"] = tracking_uri
        document["artifact_store"]["endpoint"] = endpoint
        document["model_deployer"] |= self.cluster.place
        return document

    @property
    def name(self) -> str:
        """Name of the environment."""
        return str(self._contract["environment"])

    @property
    def deployers(self) -> str:
        """Group of the jobs that deploy there."""
        return deploy_group(*IDS, self.name, "main")

    @property
    def _contract(self) -> Any:
        return self.graph.outputs["contract"]

    def secrets(self) -> dict[str, dict[str, str]]:
        """Return the Secrets that the contract names: `namespace/name` -> values."""
        deployer, private = self._contract["model_deployer"], self._contract["signing_key"]["private_key_uri"]
        signing, _, key = private.partition("#")
        pem = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            _place(deployer["storage_secret"]): self._user(deployer["storage_secret"]),
            **{_place(uri): self._user(uri) for uri in [deployer.get("promotion_secret")] if uri},
            _place(signing): {key: pem.decode()},
            _place(self._contract["experiment_tracker"]["credentials_secret"]): {
                "username": "admin",
                "password": PASSWORD,
            },
        }

    def _user(self, uri: str) -> dict[str, str]:
        name = uri.rpartition("/")[2]
        return {
            "AWS_ACCESS_KEY_ID": f"{self.name}-{name}",
            "AWS_SECRET_ACCESS_KEY": f"key of {self.name}-{name}",
            "AWS_ENDPOINT_URL_S3": "http://seaweedfs.inside.example:8333",
            "AWS_REGION": self._contract["artifact_store"]["region"],
        }

    def may(self, group: str, call: Call) -> bool:
        """Return whether a group has a right of the stack to what a call reads in the cluster."""
        resource, namespace, name = call.asked.split("/")
        return any(
            resource in rule["resources"]
            and call.operation in rule["verbs"]
            and name in rule.get("resourceNames", [name])
            for rule in self._rules(group, namespace)
        )

    def _rules(self, group: str, namespace: str) -> Iterator[dict[str, Any]]:
        bound = {
            item.inputs["roleRef"]["name"]
            for item in self._all("RoleBinding", namespace)
            if group in {subject["name"] for subject in item.inputs["subjects"]}
        }
        for role in self._all("Role", namespace):
            if role.inputs["metadata"]["name"] in bound:
                yield from role.inputs["rules"]

    def _all(self, kind: str, namespace: str) -> list[GraphResource]:
        """Return the objects of a kind that are in a namespace."""
        found = [item for item in self.graph.resources if item.type.endswith(f":{kind}")]
        return [item for item in found if item.inputs["metadata"].get("namespace") == namespace]

    def stores(self, call: Call) -> bool:
        """Return whether the stack gives the user of the store whose keys a call has the right to it."""
        wanted = RIGHTS[call.operation]
        return any(
            action == wanted and fnmatch.fnmatchcase(call.asked, pattern)
            for action, _, pattern in (each.partition(":") for each in self._actions(call.identity))
        )

    def _actions(self, identity: str) -> list[str]:
        """Return the rights of a user, as the job says them that makes it."""
        user = f"{self._contract['model_deployer']['namespace']}-{identity.removeprefix(f'{self.name}-')}"
        for item in self.graph.resources:
            if item.type.endswith(":Job"):
                (container,) = item.inputs["spec"]["template"]["spec"]["containers"]
                said = {each["name"]: each.get("value") for each in container["env"]}
                if user == said.get("STORE_USER"):
                    return str(said["STORE_ACTIONS"]).split(",")
        return []


def built(project: str, name: str, cluster: Standin, tracking_uri: str, endpoint: str) -> Environment:
    """Make what the stacks of an environment make, as far as the project's commands meet it."""
    environment = Environment(project, recorded(project, name), cluster)
    document = environment.contract(tracking_uri, endpoint)
    published = str(environment.graph.outputs["contract_uri"]).rpartition("//")[2].split("/")
    cluster.objects["configmaps"]["/".join(published[-2:])] = {"contract.json": json.dumps(document)}
    cluster.objects["secrets"] |= environment.secrets()
    bucket = document["artifact_store"]["uri"].removeprefix("s3://")
    keys = {"aws_access_key_id": "owner", "aws_secret_access_key": "owner", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=endpoint, **keys).create_bucket(Bucket=bucket)
    return environment


@functools.cache
def recorded(project: str, environment: str) -> Graph:
    """Record the stack of the example's project, by another name and without data of others."""
    spec, platform = read_stack_file(STACKS / f"Pulumi.churn-{environment}.yaml")
    own = spec.model_copy(update={"project": project, "reads": {}})
    stack = f"{project}-{environment}"
    return record(functools.partial(program, own, platform), project="stackwright-project", stack=stack)


def _place(uri: str) -> str:
    return uri.removeprefix("kubernetes:///")
