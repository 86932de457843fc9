"""From a contract's signing key to something that signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines.release.keys import FileSigner, load_public_key
from pipelines.release.kms import SCHEME, KmsSigner
from pipelines.uris import local_path

if TYPE_CHECKING:
    from pipelines.release.keys import Signer
    from stacks.contract import SigningKey


def open_signer(key: SigningKey, **settings: Any) -> Signer:
    """Return the signer of an environment; the private half must be the one of its public half.

    Args:
        key: What the contract says.
        settings: Of the client of a cloud key.
    """
    uri = key.private_key_uri
    if uri is None:
        raise UserError("signing_key.private_key_uri: none; this machine may not sign for that environment")
    signer = KmsSigner(uri, **settings) if uri.startswith(SCHEME) else FileSigner(local_path(uri))
    if not same_key(signer.public_key, key.public_key):
        raise UserError(f"{uri}: not the private half of the contract's public key")
    return signer


def same_key(one: str, other: str) -> bool:
    """Return whether two PEM texts hold the same public key, however their lines are broken."""
    return load_public_key(one).public_numbers() == load_public_key(other).public_numbers()
