"""The cluster of an environment, as its contract says it: what is asked of it, and what its refusals mean."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines.api_server import ApiServer, by_context, signed_in

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from kubernetes.client import ApiClient

    from stacks.contract import Contract

SCHEME = "kubernetes:///"
"""Of the address of a Secret in the environment's cluster: `kubernetes:///<namespace>/<name>`."""
PATIENCE = (5, 30)
"""Seconds to connect, and to wait for an answer (`_request_timeout`)."""


@dataclass(frozen=True)
class Cluster:
    """A cluster, asked by one identity."""

    server: ApiServer
    api: ApiClient
    """Client of the `kubernetes` package; give its calls `_request_timeout=PATIENCE`."""

    def secret(self, namespace: str, name: str) -> dict[str, bytes]:
        """Return the values of a Secret; nobody writes them anywhere."""
        from kubernetes.client import CoreV1Api

        with self.explained(f"Secret `{namespace}/{name}`", "get on this Secret"):
            found = CoreV1Api(self.api).read_namespaced_secret(name, namespace, _request_timeout=PATIENCE)
        return {key: base64.b64decode(value) for key, value in (found.data or {}).items()}

    def config_map(self, namespace: str, name: str) -> dict[str, str]:
        """Return the texts of a ConfigMap."""
        from kubernetes.client import CoreV1Api

        with self.explained(f"ConfigMap `{namespace}/{name}`", "get on this ConfigMap"):
            found = CoreV1Api(self.api).read_namespaced_config_map(name, namespace, _request_timeout=PATIENCE)
        return dict(found.data or {})

    @contextlib.contextmanager
    def explained(self, where: str, rights: str, known: Mapping[int, str] | None = None) -> Generator[None]:
        """Turn what the API server says into an error that a person can act on.

        Args:
            where: What begins the line.
            rights: What the identity needs, for when it is denied.
            known: Status of an answer -> what it means here.
        """
        from kubernetes.client import ApiException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except ApiException as error:
            raise UserError(f"{where}: {self._meaning(error, rights, known or {})}") from error
        except HTTPError as error:
            raise UserError(f"{where}: {self._said} cannot be reached: {_reason(error)}") from error

    def _meaning(self, error: Any, rights: str, known: Mapping[int, str]) -> str:
        status = error.status or 0
        if status in known:
            return known[status]
        if status == 401:
            taken = f"tokens for `{self.server.audience}`" if self.server.audience else "this identity"
            return f"{self._said} does not know who asks; sign in again, or let it take {taken}"
        if status == 403:
            return f"{self._said} denies it; the identity needs {rights}"
        if status == 404:
            return f"does not exist in the cluster `{self.server.name}`"
        if status == 0:
            return f"{self._said} cannot be reached: {error.reason}"
        return f"{self._said} answered {status} ({error.reason})"

    @property
    def _said(self) -> str:
        return f"the API server of `{self.server.name}`"


def open_cluster(contract: Contract) -> Cluster:
    """Return the cluster that a contract's models are served in, asked by whoever runs this."""
    return connect(server_of(contract))


def server_of(contract: Contract) -> ApiServer:
    """Return where a contract says that its cluster is asked."""
    section = contract.model_deployer
    if section.flavor != "kubernetes":
        raise UserError(f"stack/{contract.environment}.json: model_deployer.flavor: `{section.flavor}` has no cluster")
    return ApiServer(
        name=section.cluster_name,
        endpoint=section.cluster_endpoint.rstrip("/"),
        certificate_authority=section.certificate_authority,
        audience=section.audience,
        aws_region=contract.region if contract.account else None,
    )


def read_secret(contract: Contract, uri: str, keys: Sequence[str]) -> dict[str, bytes]:
    """Return some values of a Secret of an environment's cluster; all must be there, and none is shown.

    Args:
        contract: Of the environment.
        uri: Address of the Secret.
        keys: Names of the values.
    """
    namespace, _, name = uri.removeprefix(SCHEME).partition("/")
    if not uri.startswith(SCHEME) or not namespace or not name or "/" in name:
        raise UserError(f"{uri}: not the address of a Secret; write it like {SCHEME}NAMESPACE/NAME")
    found = open_cluster(contract).secret(namespace, name)
    missing = [key for key in keys if not found.get(key)]
    if missing:
        told = f"has no {' and no '.join(f'`{key}`' for key in missing)}; let its owner write it again"
        raise UserError(f"Secret `{namespace}/{name}`: {told}")
    return {key: found[key] for key in keys}


def connect(server: ApiServer) -> Cluster:
    """Return a cluster, asked by whoever runs this; only a token may need a network before the first question."""
    from kubernetes.client import ApiClient

    return Cluster(server, ApiClient(signed_in(server)))


def connect_by_kubeconfig(context: str) -> Cluster:
    """Return the cluster of a context of the kubeconfig, wherever that is; the current one if none is named."""
    from kubernetes.client import ApiClient

    configuration = by_context(context)
    return Cluster(ApiServer(context or configuration.host, configuration.host, ""), ApiClient(configuration))


def _reason(error: Exception) -> str:
    """Return the cause of an error of urllib3: its own text names objects in memory."""
    cause = getattr(error, "reason", None) or error
    text = str(cause)
    return text.rpartition(">: ")[2] or text
