"""AWS on loopback: moto's server, and the environment that points at it."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
from typing import TYPE_CHECKING, Any
from unittest import mock

from tests.harness.access_logs import everybody_is_understood
from tests.harness.kms import digests_are_signed

if TYPE_CHECKING:
    from collections.abc import Generator

    import pytest

BUCKET = "artifacts"
MANAGED = ("AmazonEBS", "AmazonEC2", "AmazonEKS", "AmazonSSM")
"""How the names of policies begin that AWS manages and accounts here have."""


@contextlib.contextmanager
def moto_server(*, managed_policies: bool = False) -> Generator[str]:
    """Run moto's server and give its address.

    Args:
        managed_policies: Accounts have the policies that AWS manages for what our stacks make.
    """
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    moto = {"MOTO_IAM_LOAD_MANAGED_POLICIES": str(managed_policies).lower()}
    try:
        with (
            _looked_up_once(),
            _few_policies(),
            digests_are_signed(),
            everybody_is_understood(),
            mock.patch.dict(os.environ, moto),
        ):
            yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextlib.contextmanager
def _looked_up_once() -> Generator[None]:
    """Let moto look into its folders and classes once, not at each request."""
    from moto import backends
    from moto.core import responses

    modules = {*backends.list_of_moto_modules()}
    methods = functools.cache(responses.method_names_from_class)
    with (
        mock.patch.object(backends, "list_of_moto_modules", return_value=modules),
        mock.patch.object(responses, "method_names_from_class", methods),
    ):
        yield


@contextlib.contextmanager
def _few_policies() -> Generator[None]:
    """Let moto know a few of the managed policies only: it reads all 1,300 again for every account."""
    from moto.iam import models

    with mock.patch.object(models, "aws_managed_policies_data", _policies_of_clusters()):
        yield


@functools.cache
def _policies_of_clusters() -> str:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    policies = json.loads(aws_managed_policies_data)
    return json.dumps({name: policies[name] for name in policies if name.startswith(MANAGED)})


@contextlib.contextmanager
def empty_moto_server(*, managed_policies: bool = False) -> Generator[str]:
    """Run moto's server with nothing in it: its servers in one process share what they hold."""
    from moto.moto_api._internal.models import moto_api_backend

    with moto_server(managed_policies=managed_policies) as endpoint:
        moto_api_backend.reset()
        yield endpoint


def point_at(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Make every AWS client of this process use a server on loopback."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
    }.items():
        monkeypatch.setenv(name, value)


def s3_client() -> Any:
    """Return a client of the server that the environment points at."""
    import boto3

    return boto3.client("s3")
