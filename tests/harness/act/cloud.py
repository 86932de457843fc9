"""Three environments apart: an AWS account, an MLflow server and a folder of served models for each, in one network."""

from __future__ import annotations

import contextlib
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from pipelines.contracts import contract_text
from stacks.contract import Contract
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.mlflow import mlflow_server

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.harness.act.network import Network

ACCOUNTS = {"dev": "111111111111", "staging": "222222222222", "prod": "333333333333"}
SOURCES = {"dev": None, "staging": "dev", "prod": "staging"}
REGION = "eu-central-1"
PASSWORD = "a long password of this test"
APP_SECRET = "acme-delivery"
"""Name of the secret with the key of the organisation's app, in each account."""


@dataclass(frozen=True)
class Environment:
    """One environment, as its stacks would leave it."""

    name: str
    folder: Path
    tracker: str
    """Address of its MLflow, in the network."""
    project: str = "churn"

    @property
    def account(self) -> str:
        return ACCOUNTS[self.name]

    @property
    def bucket(self) -> str:
        return f"acme-{self.name}-artifacts-{self.account}"

    @property
    def label(self) -> str:
        """Of the runners that reach it."""
        return f"acme-{self.name}"

    @property
    def serving(self) -> Path:
        """Folder of the endpoints."""
        return self.folder / "serving"

    def role(self, name: str) -> str:
        return f"arn:aws:iam::{self.account}:role/acme-{self.name}-{self.project}-{name}"

    def client(self, service: str) -> Any:
        """Return a client of an owner of its account."""
        found = boto3.client("sts", region_name=REGION).assume_role(
            RoleArn=self.role("owner"), RoleSessionName="owner"
        )["Credentials"]
        return boto3.client(
            service,
            region_name=REGION,
            aws_access_key_id=found["AccessKeyId"],
            aws_secret_access_key=found["SecretAccessKey"],
            aws_session_token=found["SessionToken"],
        )

    def build(self, app_key: bytes) -> Contract:
        """Make what the stacks make, and return the contract."""
        self.client("s3").create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        secret = f"acme-{self.name}/{self.project}/mlflow"
        secrets = self.client("secretsmanager")
        signed_in = {"username": "admin", "password": PASSWORD}
        secrets.create_secret(Name=secret, SecretString=json.dumps(signed_in))
        secrets.create_secret(Name=APP_SECRET, SecretString=app_key.decode())
        keys = self.client("kms")
        key = keys.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        store = f"s3://{self.bucket}"
        document = {
            "project": self.project,
            "environment": self.name,
            "tier": self.name,
            "promotes_from": SOURCES[self.name],
            "account": self.account,
            "region": REGION,
            "runs_on": self.label,
            "roles": {name: self.role(name) for name in ("deploy", "plan", "promotion")},
            "artifact_store": {"flavor": "s3", "uri": store},
            "experiment_tracker": {"tracking_uri": self.tracker, "credentials_secret": secret},
            "model_deployer": {"flavor": "process", "uri": self.serving.as_uri()},
            "monitoring": {
                "flavor": "folder",
                "predictions_uri": (self.folder / "predictions").as_uri(),
                "labels_uri": (self.folder / "labels").as_uri(),
            },
            "data_remote": {"uri": f"{store}/{self.project}/data"},
            "signing_key": {"public_key": _public_key(keys, key), "private_key_uri": f"awskms:///{key}"},
        }
        return Contract.model_validate_json(json.dumps(document))


@dataclass(frozen=True)
class Cloud:
    """The environments, and where AWS answers in the network."""

    aws: str
    environments: dict[str, Environment]

    def contracts(self, app_key: bytes) -> dict[str, bytes]:
        """Make all environments, and return their contracts by name."""
        return {name: contract_text(item.build(app_key)) for name, item in self.environments.items()}


def _public_key(keys: Any, key: str) -> str:
    public = load_der_public_key(keys.get_public_key(KeyId=key)["PublicKey"])
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@contextlib.contextmanager
def cloud(network: Network, folder: Path, database: Path) -> Generator[Cloud]:
    """Run the servers of three environments; the clients of this process ask the same AWS."""
    with contextlib.ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        point_at(patch, stack.enter_context(empty_moto_server()))
        aws = stack.enter_context(aws_inside(network))
        with ThreadPoolExecutor() as at_once:
            trackers = list(
                at_once.map(lambda name: stack.enter_context(_tracker(network, folder / name, database)), ACCOUNTS)
            )
        found = zip(ACCOUNTS, trackers, strict=True)
        yield Cloud(aws, {name: Environment(name, folder / name, address) for name, address in found})


@contextlib.contextmanager
def _tracker(network: Network, folder: Path, database: Path) -> Generator[str]:
    folder.mkdir(parents=True)
    own = shutil.copy(database, folder / "mlflow.db")
    with mlflow_server(own, folder, PASSWORD, network) as address:
        yield address


@contextlib.contextmanager
def aws_inside(network: Network) -> Generator[str]:
    """Let moto of this process answer in the network, too."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    with network.listening() as listening:
        port = listening.getsockname()[1]
        server = make_server(
            "127.0.0.1",
            port,
            DomainDispatcherApplication(create_backend_app),
            threaded=True,
            request_handler=MotoRequestHandler,
            fd=listening.fileno(),
        )
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.shutdown()
            thread.join()
