"""Pull: the contracts that project stacks have published come into the project.

In AWS a contract lies in its own artifact store, at `<uri>/<project>/contract.json`; without a cloud it lies in its own
cluster, as ConfigMap `contract` in the project's namespace (`kubernetes://CONTEXT/NAMESPACE/contract`). One that was
pulled once says itself where the next one is; the first is read from a cluster by a person's kubeconfig.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from components.errors import UserError
from pipelines import cluster
from pipelines.api_server import ApiServer
from pipelines.connect.changes import replace_document
from pipelines.connect.reading import read_versioned
from pipelines.store.s3 import read_object
from pipelines.uris import local_path
from stacks.contract import Contract, incompatible
from stacks.load import parse_json

if TYPE_CHECKING:
    from pipelines.connect.changes import Change
    from pipelines.project import Project

CONFIG_MAP = re.compile(r"kubernetes://(?P<context>\S*)/(?P<namespace>[a-z0-9-]+)/(?P<name>[a-z0-9.-]+)")
LIKE = "`s3://BUCKET/PROJECT/contract.json` or `kubernetes://CONTEXT/NAMESPACE/contract`"
FILE = "contract.json"
"""Name of the object in a store, and of the text in a ConfigMap."""
NOT_PUBLISHED = "is of this machine, nothing publishes it; `stackwright contract local` writes it"


def pull(project: Project, environment: str | None = None, source: str | None = None) -> list[Change]:
    """Write the contracts of one environment, or of all that a stack has published to; all of them or none.

    Raises:
        UserError: All that is wrong with any of them; nothing is written.
    """
    pulled, problems = dict[str, tuple[str, dict[str, Any]]](), list[str]()
    for name in [environment] if environment else published(project):
        try:
            address = source or address_of(project, name)
            server = None if source else server_of(project, name)
            pulled[name] = address, fetch(project, name, address, server)
        except UserError as error:
            problems += error.problems
    if problems:
        raise UserError(problems)
    return [
        replace_document(
            project.root / "stack" / f"{name}.json",
            document,
            environment=name,
            shown=f"stack/{name}.json",
            source=address,
        )
        for name, (address, document) in pulled.items()
    ]


def published(project: Project) -> list[str]:
    """Return the environments whose contracts came from a stack."""
    names = [name for name in project.environments if _published_at(project, name)]
    if not names:
        raise UserError("stack: no contract of a stack here; name one: `--env ENVIRONMENT --from ADDRESS`")
    return names


def address_of(project: Project, environment: str) -> str:
    """Return where the contract of an environment is published, as it says itself."""
    path = f"stack/{environment}.json"
    if project.read(path) is None:
        told = "name its address with `--from`: output `contract_uri` of the project's stack"
        raise UserError(f"{path}: not found; {told}")
    address = _published_at(project, environment)
    if address is None:
        raise UserError(f"{path}: {NOT_PUBLISHED}")
    return address


def server_of(project: Project, environment: str) -> ApiServer | None:
    """Return the API server that the contract which is here names, even if nothing else of it can be read any more."""
    known = _raw(project, environment)
    section = known.get("model_deployer", {})
    try:
        return ApiServer(
            name=str(section["cluster_name"]),
            endpoint=str(section["cluster_endpoint"]).rstrip("/"),
            certificate_authority=str(section["certificate_authority"]),
            audience=section.get("audience"),
            aws_region=known.get("region") if known.get("account") else None,
        )
    except (KeyError, TypeError):
        return None


def fetch(project: Project, environment: str, address: str, server: ApiServer | None = None) -> dict[str, Any]:
    """Return a published contract, checked; it fits this project and this environment.

    Args:
        project: Whose contract it shall be.
        environment: That it shall be of.
        address: Where it is published.
        server: Where an address in a cluster is asked; a person's kubeconfig says it by default.
    """
    content = _read(address, server)
    contract = read_versioned(content, Contract, address, "contract_version", incompatible)
    problems = list[str]()
    if contract.project != project.settings.project:
        problems.append(f"{address}: project: `{contract.project}` is another project")
    if contract.environment != environment:
        told = f"`{contract.environment}` is not `{environment}`; name the environment that it is of"
        problems.append(f"{address}: environment: {told}")
    if problems:
        raise UserError(problems)
    return parse_json(content, address)


def _published_at(project: Project, environment: str) -> str | None:
    """Return where a contract says that it is published; nothing for one of this machine."""
    known = _raw(project, environment)
    deployer, store = (known.get(kind) for kind in ("model_deployer", "artifact_store"))
    if known.get("account") is None and isinstance(deployer, dict) and "cluster_name" in deployer:
        section = cast("dict[str, object]", deployer)
        return f"kubernetes://{section['cluster_name']}/{section.get('namespace')}/contract"
    uri = str(cast("dict[str, object]", store).get("uri")) if isinstance(store, dict) else ""
    return f"{uri}/{project.settings.project}/{FILE}" if uri.startswith("s3://") else None


def _raw(project: Project, environment: str) -> dict[str, Any]:
    """Return what is here as a contract, checked for nothing."""
    try:
        found = json.loads(project.read(f"stack/{environment}.json") or b"")
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _read(address: str, server: ApiServer | None) -> bytes:
    if address.startswith("s3://") and "/" in address.removeprefix("s3://").rstrip("/"):
        content = read_object(address.rstrip("/"), "the address")
    elif place := CONFIG_MAP.fullmatch(address):
        content = _of_cluster(server or place["context"], place["namespace"], place["name"])
    elif address.startswith("file:///"):
        path = local_path(address)
        content = path.read_bytes() if path.is_file() else None
    else:
        raise UserError(f"--from: `{address}` is no address; write it like {LIKE}")
    if content is None:
        raise UserError(f"{address}: not found; has the project's stack been built there (`pulumi up`)?")
    return content


def _of_cluster(server: ApiServer | str, namespace: str, name: str) -> bytes | None:
    """Return the text in a ConfigMap, from a server that is known, or from that of a context."""
    place = cluster.connect_by_kubeconfig(server) if isinstance(server, str) else cluster.connect(server)
    text = place.config_map(namespace, name).get(FILE)
    return text.encode() if text else None
