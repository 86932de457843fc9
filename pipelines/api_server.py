"""The API server of a cluster, and as whom it is asked.

Its address and the certificates that prove it are the contract's, never the machine's. Who asks is, in this order: a
job of GitHub by a token for the contract's audience; in AWS whoever runs this, by a token that is a signed request;
a person by the context of their kubeconfig that is called like the cluster. Tokens are kept in memory, and asked for
again while the process lives: GitHub's are good for five minutes.
"""

from __future__ import annotations

import base64
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines import aws
from pipelines.identity import github_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubernetes.client import Configuration

TOKEN_SECONDS = 120
"""Age at which a token is asked for again."""
EKS_SECONDS = 60
"""What Amazon EKS wants a signed request to be good for; it takes the token for 15 minutes."""


@dataclass(frozen=True)
class ApiServer:
    """Where a cluster is asked, as a contract says it."""

    name: str
    """Of the cluster, and of the context in the kubeconfig of people."""
    endpoint: str
    """Address, without a trailing slash."""
    certificate_authority: str
    """What its clients trust, as base64 of PEM."""
    audience: str | None = None
    """Of tokens of GitHub's jobs; none where it takes none."""
    aws_region: str | None = None
    """Region of a cluster in AWS, which takes signed requests; none elsewhere."""


def signed_in(server: ApiServer) -> Configuration:
    """Return how a server is asked, by whoever runs this."""
    token = _token(server)
    return _with_token(server, token) if token else by_context(server.name, server.endpoint)


def by_context(context: str, endpoint: str | None = None) -> Configuration:
    """Return how the server of a context of the kubeconfig is asked, as it says.

    Args:
        context: Name of the context; that which is current, if it is empty.
        endpoint: What its server must be, where that is known.
    """
    from kubernetes import config
    from kubernetes.client import Configuration

    configuration = Configuration()
    untyped: Any = config
    files = os.environ.get("KUBECONFIG") or "~/.kube/config"
    try:
        untyped.load_kube_config(files, context or None, configuration, persist_config=False)
    except config.ConfigException as error:
        told = "no job of GitHub that may ask for a token, and no such context"
        raise UserError(f"kubeconfig: context `{context}`: {told}: {error}") from error
    host = configuration.host.rstrip("/")
    if endpoint and host != endpoint:
        told = f"its server is `{host}`, the contract says `{endpoint}`; correct it, or pull the contract `--from` it"
        raise UserError(f"kubeconfig: context `{context}`: {told}")
    configuration.retries = _retries()
    return configuration


def _token(server: ApiServer) -> Callable[[], str] | None:
    """Return what gives tokens for a server; nothing where a person's kubeconfig does."""
    if server.audience and (first := github_token(server.audience)):
        audience = server.audience
        return _Kept(lambda: github_token(audience) or "", first).fresh
    if server.aws_region:
        region = server.aws_region
        return _Kept(lambda: eks_token(server.name, region)).fresh
    return None


class _Kept:
    """A token that is asked for again when it is old."""

    def __init__(self, ask: Callable[[], str], first: str = "") -> None:
        self._ask, self._token, self._since = ask, first, time.monotonic()

    def fresh(self) -> str:
        if not self._token or time.monotonic() - self._since > TOKEN_SECONDS:
            self._token, self._since = self._ask(), time.monotonic()
        return self._token


def eks_token(cluster: str, region: str) -> str:
    """Return a token for an EKS cluster: a request to AWS STS, signed for that cluster, that says who asks."""
    client = aws.client("sts", region)

    def for_cluster(request: Any, **_: object) -> None:
        request.headers.add_header("x-k8s-aws-id", cluster)

    client.meta.events.register("before-sign.sts.GetCallerIdentity", for_cluster)
    with aws.explained(f"cluster `{cluster}`", "AWS STS", "to be somebody in AWS"):
        url: str = client.generate_presigned_url("get_caller_identity", ExpiresIn=EKS_SECONDS, HttpMethod="GET")
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _with_token(server: ApiServer, token: Callable[[], str]) -> Configuration:
    from kubernetes.client import Configuration

    def refresh(configuration: Configuration) -> None:
        configuration.api_key["BearerToken"] = f"Bearer {token()}"

    configuration = Configuration(host=server.endpoint, ca_cert_data=_pem(server), retries=_retries())
    refresh(configuration)
    untyped: Any = configuration
    untyped.refresh_api_key_hook = refresh
    return configuration


def _pem(server: ApiServer) -> str:
    try:
        return base64.b64decode(server.certificate_authority, validate=True).decode("ascii")
    except ValueError as error:
        raise UserError("model_deployer.certificate_authority: not base64 of PEM; pull the contract again") from error


def _retries() -> Any:
    from urllib3 import Retry

    return Retry(2, backoff_factor=0.5, redirect=0)
