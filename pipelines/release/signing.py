"""From a contract's signing key to something that signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines import cluster
from pipelines.release.keys import FileSigner, PemSigner, load_public_key
from pipelines.release.kms import SCHEME, KmsSigner
from pipelines.uris import local_path

if TYPE_CHECKING:
    from pipelines.release.keys import Signer
    from stacks.contract import Contract


def open_signer(contract: Contract, **settings: Any) -> Signer:
    """Return the signer of an environment; the private half must be the one of its public half.

    Args:
        contract: Of the environment.
        settings: Of the client of a cloud key.
    """
    uri = contract.signing_key.private_key_uri
    if uri is None:
        raise UserError("signing_key.private_key_uri: none; this machine may not sign for that environment")
    signer = _signer(contract, uri, settings)
    if not same_key(signer.public_key, contract.signing_key.public_key):
        raise UserError(f"{uri}: not the private half of the contract's public key")
    return signer


def same_key(one: str, other: str) -> bool:
    """Return whether two PEM texts hold the same public key, however their lines are broken."""
    return load_public_key(one).public_numbers() == load_public_key(other).public_numbers()


def _signer(contract: Contract, uri: str, settings: dict[str, Any]) -> Signer:
    if uri.startswith(SCHEME):
        return KmsSigner(uri, **settings)
    if uri.startswith(cluster.SCHEME):
        return _from_secret(contract, uri)
    return FileSigner(local_path(uri))


def _from_secret(contract: Contract, uri: str) -> Signer:
    """Return the signer whose key is a value of a Secret; it leaves the cluster for the time of this process."""
    address, _, key = uri.partition("#")
    return PemSigner(cluster.read_secret(contract, address, [key])[key], uri)
