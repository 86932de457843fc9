"""Pull: the contracts that project stacks have published come into the project.

A contract lies in its own artifact store, at `<uri>/<project>/contract.json`: one that was pulled once says itself
where the next one is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines.connect.changes import replace_document
from pipelines.connect.reading import read_versioned
from pipelines.store.s3 import read_object
from pipelines.uris import local_path
from stacks.contract import Contract, incompatible
from stacks.load import parse_json

if TYPE_CHECKING:
    from pipelines.connect.changes import Change
    from pipelines.project import Project

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
            pulled[name] = address, fetch(project, name, address)
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
    names = [name for name in project.environments if _store_uri(project, name).startswith("s3://")]
    if not names:
        raise UserError("stack: no contract of a stack here; name one: `--env ENVIRONMENT --from s3://…/contract.json`")
    return names


def address_of(project: Project, environment: str) -> str:
    """Return where the contract of an environment is published: in its artifact store, as it says itself."""
    path = f"stack/{environment}.json"
    if project.read(path) is None:
        told = "name its address with `--from`: output `contract_uri` of the project's stack"
        raise UserError(f"{path}: not found; {told}")
    uri = _store_uri(project, environment)
    if not uri.startswith("s3://"):
        raise UserError(f"{path}: {NOT_PUBLISHED}")
    return f"{uri}/{project.settings.project}/contract.json"


def fetch(project: Project, environment: str, address: str) -> dict[str, Any]:
    """Return a published contract, checked; it fits this project and this environment."""
    content = _read(address)
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


def _store_uri(project: Project, environment: str) -> str:
    """Return what a contract says of its artifact store, even if nothing else of it can be read any more."""
    try:
        return str(json.loads(project.read(f"stack/{environment}.json") or b"")["artifact_store"]["uri"])
    except (ValueError, KeyError, TypeError):
        return ""


def _read(address: str) -> bytes:
    if address.startswith("s3://") and "/" in address.removeprefix("s3://").rstrip("/"):
        content = read_object(address.rstrip("/"), "the address")
    elif address.startswith("file:///"):
        path = local_path(address)
        content = path.read_bytes() if path.is_file() else None
    else:
        raise UserError(f"--from: `{address}` is no address; write it like `s3://BUCKET/PROJECT/contract.json`")
    if content is None:
        raise UserError(f"{address}: not found; has the project's stack been built there (`pulumi up`)?")
    return content
