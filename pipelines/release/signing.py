"""From a contract's signing key to something that signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.release.keys import FileSigner
from pipelines.uris import local_path

if TYPE_CHECKING:
    from pipelines.release.keys import Signer
    from stacks.contract import SigningKey


def open_signer(key: SigningKey) -> Signer:
    """Return the signer of an environment; the private half must be the one of its public half."""
    if key.private_key_uri is None:
        raise UserError("signing_key.private_key_uri: none; this machine may not sign for that environment")
    signer = FileSigner(local_path(key.private_key_uri))
    if signer.public_key.strip() != key.public_key.strip():
        raise UserError(f"{key.private_key_uri}: not the private half of the contract's public key")
    return signer
