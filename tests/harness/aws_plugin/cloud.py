"""One account of the AWS stand-in, by boto3."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import boto3
from botocore import loaders, session
from botocore.config import Config
from botocore.exceptions import ClientError

SERVICES = (
    "acm",
    "budgets",
    "ec2",
    "ecr",
    "eks",
    "iam",
    "kms",
    "logs",
    "rds",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
)
ACCOUNT_HEADER = "x-moto-account-id"
GONE = ("404", "NotFound", "NoSuch", "NotExist", "ResourceNotFound", "NotFoundException")


class Cloud:
    """One account in one region; moto's server keeps accounts apart by a header.

    Args:
        endpoint: Address of moto's server, on loopback.
        account: Twelve digits.
        region: `eu-central-1`.
    """

    def __init__(self, endpoint: str, account: str, region: str) -> None:
        self.endpoint, self.account, self.region = endpoint, account, region
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        """Return the client of a service: `cloud.s3`."""
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self._clients:
            client = self._session.client(service, endpoint_url=self.endpoint, config=_QUICK)
            client.meta.events.register("before-call", self._as_account)
            self._clients[service] = client
        return self._clients[service]

    def tag_list(self, tags: dict[str, str] | None, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
        """Return tags as most services take them."""
        return [{key: name, value: text} for name, text in sorted((tags or {}).items())]

    @cached_property
    def _session(self) -> boto3.Session:
        botocore = session.Session()
        botocore.register_component("data_loader", _MODELS)
        return boto3.Session(
            botocore_session=botocore,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            region_name=self.region,
        )

    def _as_account(self, params: dict[str, Any], **_: object) -> None:
        params["headers"][ACCOUNT_HEADER] = self.account


_MODELS = loaders.create_loader()
"""What botocore knows of services, read once in a process."""

_QUICK = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=True)


def read_models() -> None:
    """Read the models of all services that plugins use."""
    somewhere = Cloud("http://127.0.0.1", "0" * 12, "us-east-1")
    for service in SERVICES:
        getattr(somewhere, service)


def is_gone(error: Exception) -> bool:
    """Return whether an error says that the thing does not exist."""
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    return any(part in code for part in GONE) or isinstance(error, GoneError)


class GoneError(Exception):
    """The thing does not exist any more."""
