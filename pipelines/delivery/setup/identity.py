"""As whom the jobs of a repository are known to the stacks of its environments.

In AWS a role trusts the subject of a job's token, with both ids; an API server reads the ids themselves, whatever the
subject is. What the subject is made of is a setting of the repository.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.ci_identity.groups import deploy_group
from components.errors import UserError
from pipelines.hosts.answers import mapping

if TYPE_CHECKING:
    from pipelines.delivery.setup.findings import Findings
    from pipelines.delivery.setup.look import Look
    from stacks.contract import Contract

IMMUTABLE = {"use_default": True, "use_immutable_subject": True}


def check_identity(look: Look, found: Findings) -> None:
    """Find a subject that no stack trusts, and say which one each stack has to trust."""
    owner, repository = _ids(look)
    found.trust += [_trusted(look, contract, owner, repository) for contract in look.contracts]
    if any(contract.roles for contract in look.contracts):
        _check_subject(look, found)


def prefix_of(look: Look) -> str:
    """Return what the subjects of the repository's jobs begin with: names, and ids that never change hands."""
    owner, repository = _ids(look)
    names = mapping(look.repository.get("owner")).get("login"), look.repository.get("name")
    return f"repo:{names[0]}@{owner}/{names[1]}@{repository}"


def _check_subject(look: Look, found: Findings) -> None:
    if look.account.server:
        told = "tokens of an enterprise server have subjects without ids and another issuer"
        found.problems.append(f"subject of tokens: {told}; no role of stack/ trusts them")
        return
    current, wanted = look.host.subject(), prefix_of(look)
    prefix, immutable = current.get("sub_claim_prefix"), current.get("use_immutable_subject") is True
    right = prefix == wanted if prefix else immutable
    if current.get("use_default") is True and right:
        return
    if current.get("use_default") is True and immutable:
        told = f"`{prefix}`, where `{wanted}` was expected"
        found.problems.append(f"subject of tokens: {told}; add the project again where it was renamed or transferred")
        return
    told = f"GitHub's own form, with ids: `{wanted}:environment:…`; whoever trusts another form has to trust this one"
    found.change("subject of tokens", told, look.host.put_subject, IMMUTABLE)


def _trusted(look: Look, contract: Contract, owner: int, repository: int) -> str:
    if contract.roles:
        return (
            f"{contract.environment}: `{prefix_of(look)}:environment:{contract.environment}` is {contract.roles.deploy}"
        )
    group = deploy_group(owner, repository, contract.environment, look.branch)
    return f"{contract.environment}: the API server knows its jobs as group `{group}`"


def _ids(look: Look) -> tuple[int, int]:
    owner, repository = mapping(look.repository.get("owner")).get("id"), look.repository.get("id")
    if not isinstance(owner, int) or not isinstance(repository, int):
        raise UserError(f"{look.host.name}: {look.host.rest.api} does not answer as GitHub does; check --api-url")
    return owner, repository
