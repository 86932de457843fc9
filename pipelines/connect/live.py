"""Whether the services behind a contract answer as it says; each is given a few seconds."""

from __future__ import annotations

import base64
import contextlib
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines import cluster
from pipelines.release.kms import SCHEME
from pipelines.release.signing import open_signer
from pipelines.uris import local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pipelines.cluster import Cluster
    from pipelines.registry.credentials import Credentials
    from stacks.contract import Contract

SECONDS = 5
PATIENCE: dict[str, Any] = {
    "connect_timeout": SECONDS,
    "read_timeout": SECONDS,
    "retries": {"mode": "standard", "total_max_attempts": 2},
}
"""Of each client of AWS."""


def live_problems(contract: Contract) -> list[str]:
    """Return what an environment's services say that its contract does not, a line each."""
    problems = _problems(contract, _model_deployer)
    if problems and _keys_in_cluster(contract):
        return problems
    return [
        *_problems(contract, _artifact_store),
        *_problems(contract, _experiment_tracker),
        *problems,
        *_problems(contract, _signing_key),
    ]


def _problems(contract: Contract, ask: Callable[[Contract], None]) -> list[str]:
    try:
        ask(contract)
    except UserError as error:
        return [f"stack/{contract.environment}.json: {problem}" for problem in error.problems]
    return []


def _keys_in_cluster(contract: Contract) -> bool:
    """Return whether what opens the other services lies in the cluster: without that, they cannot be asked."""
    deployer = contract.model_deployer
    return deployer.flavor == "kubernetes" and deployer.storage_secret is not None


def _artifact_store(contract: Contract) -> None:
    uri = contract.artifact_store.uri
    if not uri.startswith("s3://"):
        return
    from pipelines.store.access import access_of
    from pipelines.store.s3 import explained, s3_client

    with _field("model_deployer.storage_secret"):
        access = access_of(contract)
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    own = "/".join(filter(None, [prefix, contract.project, ""])) + "/"
    with explained(f"artifact_store.uri: `{uri}`", bucket):
        s3_client(access, **PATIENCE).list_objects_v2(Bucket=bucket, Prefix=own, MaxKeys=1)


def _experiment_tracker(contract: Contract) -> None:
    uri = contract.experiment_tracker.tracking_uri
    if not uri.startswith("http"):
        if not Path(uri.removeprefix("sqlite:///")).parent.is_dir():
            raise UserError(f"experiment_tracker.tracking_uri: the folder of `{uri}` does not exist")
        return
    from pipelines.registry.credentials import credentials_of

    with _field("experiment_tracker.credentials_secret"):
        credentials = credentials_of(contract, **PATIENCE)
    version, expected = _version(uri, credentials), contract.experiment_tracker.version
    if not version.startswith(f"{expected}."):
        told = f"`{expected}`, the server says `{version}`; pull it again"
        raise UserError(f"experiment_tracker.version: {told}")


def _version(uri: str, credentials: Credentials | None) -> str:
    request = urllib.request.Request(f"{uri}/version")  # noqa: S310 - http(s) only
    if credentials:
        basic = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {basic}")
    where = f"experiment_tracker.tracking_uri: `{uri}`"
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - http(s) only
            return answer.read(40).decode(errors="replace")
    except urllib.error.HTTPError as error:
        refused = "the credentials are refused" if credentials else "it wants somebody to sign in"
        raise UserError(f"{where} answers {error.code}: {refused if error.code == 401 else error.reason}") from error
    except OSError as error:
        raise UserError(f"{where} does not answer: {error}") from error


def _model_deployer(contract: Contract) -> None:
    deployer = contract.model_deployer
    if deployer.flavor == "process":
        if not local_path(deployer.uri).parent.is_dir():
            raise UserError(f"model_deployer.uri: the folder of `{local_path(deployer.uri)}` does not exist")
        return
    with _field("model_deployer"):
        _may_deploy(cluster.open_cluster(contract), deployer.namespace)


def _may_deploy(place: Cluster, namespace: str) -> None:
    """Ask the API server what this identity may do there: everybody whom it knows may ask that."""
    from kubernetes.client import AuthorizationV1Api

    asked = {"namespace": namespace, "verb": "patch", "group": "apps", "resource": "deployments"}
    review: Any = {"spec": {"resourceAttributes": asked}}
    with place.explained(f"namespace `{namespace}`", "to be known"):
        answer: Any = AuthorizationV1Api(place.api).create_self_subject_access_review(
            review, _request_timeout=cluster.PATIENCE
        )
    if not answer.status.allowed:
        told = f"this identity may not deploy there, in the cluster `{place.server.name}`"
        raise UserError(f"namespace `{namespace}`: {told}; has the project's stack been built (`pulumi up`)?")


def _signing_key(contract: Contract) -> None:
    uri = contract.signing_key.private_key_uri or ""
    if uri.startswith((SCHEME, cluster.SCHEME)):
        with _field("signing_key"):
            open_signer(contract, **PATIENCE)


@contextlib.contextmanager
def _field(name: str) -> Generator[None]:
    """Let problems begin with the field of the contract."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{name}: {problem}" for problem in error.problems) from error
