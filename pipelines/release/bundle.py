"""The sigstore bundle of an attestation, by model-signing; imported only when a package is signed or verified.

model-signing has no signer for a key that is elsewhere. Its elliptic-curve signer only asks its private key to sign
bytes and for the public half, so an object that does these two takes the key's place.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.hashes import SHA256
from model_signing import hashing
from model_signing._signing import sign_ec_key
from model_signing._signing.sign_sigstore_pb import Signature
from model_signing._signing.signing import Payload

from components.errors import UserError
from pipelines.release.keys import load_public_key
from pipelines.release.package import IGNORED

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec
    from model_signing.manifest import Manifest

    from pipelines.release.keys import Signer


def sign(folder: Path, signer: Signer) -> bytes:
    """Return the bundle of a signature over every file in a folder."""
    signature: Any = _RemoteSigner(signer).sign(Payload(_hash(folder)))
    return signature.bundle.to_json().encode()


def verified_files(content: bytes, public_key: str, where: str) -> dict[str, str]:
    """Return the files and digests that a bundle says, once its signature is verified."""
    load_public_key(public_key)
    with tempfile.TemporaryDirectory() as scratch:
        signature, key = Path(scratch, "signature"), Path(scratch, "key")
        signature.write_bytes(content)
        key.write_text(public_key)
        try:
            bundle = Signature.read(signature)
        except Exception as error:
            raise UserError(f"{where}: not a signature that model-signing writes; refused") from error
        try:
            return _digests(sign_ec_key.Verifier(key).verify(bundle))
        except Exception as error:
            raise UserError(f"{where}: not signed by this environment's key; refused") from error


def hash_files(folder: Path) -> dict[str, str]:
    """Return the digest of every file in a folder."""
    return _digests(_hash(folder))


class _RemoteSigner(sign_ec_key.Signer):
    """model-signing's signer with a key that may be elsewhere."""

    def __init__(self, signer: Signer) -> None:
        self._private_key = _RemoteKey(signer)


class _RemoteKey:
    """What model-signing asks of a private key."""

    def __init__(self, signer: Signer) -> None:
        self.signer = signer

    def public_key(self) -> ec.EllipticCurvePublicKey:
        return load_public_key(self.signer.public_key)

    def sign(self, data: bytes, algorithm: ec.ECDSA) -> bytes:
        if not isinstance(algorithm.algorithm, SHA256):
            raise TypeError("a P-256 key signs SHA-256 digests")
        return self.signer.sign(hashlib.sha256(data).digest())


def _hash(folder: Path) -> Manifest:
    config: Any = hashing.Config()
    return config.set_ignored_paths(paths=[IGNORED], ignore_git_paths=False).hash(folder)


def _digests(manifest: Manifest) -> dict[str, str]:
    return {
        item.identifier: f"{item.digest.algorithm}:{item.digest.digest_hex}" for item in manifest.resource_descriptors()
    }
