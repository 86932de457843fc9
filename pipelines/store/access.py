"""Where an environment's artifact store is asked, and as whom: arguments of a client, kept in memory.

In AWS the address follows from the region, and whoever runs this has rights of its own. Elsewhere the contract names
the address, and the keys lie in a Secret of the environment's cluster, which the job reads by its own identity. A job
that promotes has the keys of two stores at once; so they are given to each client, and never to the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.identity import source_credentials

if TYPE_CHECKING:
    from stacks.contract import Contract

VARIABLES = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_REGION": "region_name",
}
"""Key of the Secret, which is the variable that clients of S3 read, -> argument of a client. The Secret's address of
the store is that for pods; who runs this may be elsewhere, and takes the contract's."""


def access_of(contract: Contract) -> dict[str, str]:
    """Return how an environment's own jobs reach its artifact store; nothing where that goes without saying."""
    section = contract.model_deployer
    secret = section.storage_secret if section.flavor == "kubernetes" else None
    return {**_endpoint(contract), **(_keys(contract, secret) if secret else {})}


def source_access(contract: Contract) -> dict[str, str]:
    """Return how the jobs that promote from an environment reach its artifact store: they only read."""
    section = contract.model_deployer
    secret = section.promotion_secret if section.flavor == "kubernetes" else None
    keys = _keys(contract, secret) if secret else source_credentials(contract)
    return {**_endpoint(contract), **(keys or {})}


def _endpoint(contract: Contract) -> dict[str, str]:
    said = {"endpoint_url": contract.artifact_store.endpoint, "region_name": contract.artifact_store.region}
    return {argument: value for argument, value in said.items() if value}


def _keys(contract: Contract, secret: str) -> dict[str, str]:
    from pipelines.cluster import read_secret

    found = read_secret(contract, secret, list(VARIABLES))
    return {VARIABLES[key]: value.decode() for key, value in found.items()}
