"""Signing keys: P-256, one for each environment.

A key is behind an interface that a cloud key can take: it signs a SHA-256 digest and never leaves its home.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from components.errors import UserError
from pipelines import writes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


class Signer(Protocol):
    """A P-256 key that signs."""

    @property
    def public_key(self) -> str:
        """The public half, PEM."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; the ECDSA signature is DER, as from `kms:Sign` with `MessageType=DIGEST`."""
        ...


class PemSigner:
    """A key that is here, as PEM; it is held in memory only."""

    def __init__(self, pem: bytes, where: str) -> None:
        self._key = _private_key(pem, where)

    @property
    def public_key(self) -> str:
        """The public half, PEM."""
        return _public_pem(self._key.public_key())

    def sign(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest."""
        return self._key.sign(digest, _prehashed())


class FileSigner(PemSigner):
    """A key in a PEM file, for environments on one machine."""

    def __init__(self, path: Path) -> None:
        try:
            pem = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path}: signing key cannot be read: {error.strerror}") from error
        super().__init__(pem, str(path))


def make_key(path: Path) -> str:
    """Create a private key that only its owner can read, and return the public half as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    writes.replace_file(path, pem, mode=0o600)
    return _public_pem(key.public_key())


def sign_bytes(content: bytes, signer: Signer) -> str:
    """Return the signature of an environment's key over bytes: base64 of DER, over their SHA-256 digest.

    Bytes that could be taken for the signed form of an attestation are a bug, and refused.
    """
    if content.startswith(b"DSSE"):
        raise ValueError("bytes that begin with DSSE are signed as attestations only")
    return base64.b64encode(signer.sign(hashlib.sha256(content).digest())).decode()


def verify_bytes(content: bytes, signature: str, public_key: str) -> bool:
    """Return whether `sign_bytes` made this signature with the key's private half."""
    from cryptography.exceptions import InvalidSignature

    try:
        raw = base64.b64decode(signature, validate=True)
        load_public_key(public_key).verify(raw, hashlib.sha256(content).digest(), _prehashed())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def load_public_key(pem: str) -> ec.EllipticCurvePublicKey:
    """Return a P-256 public key from PEM."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError) as error:
        raise UserError("signing_key.public_key: not a PEM public key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UserError("signing_key.public_key: not a P-256 key; expected an elliptic-curve key on that curve")
    return key


def _private_key(pem: bytes, where: str) -> ec.EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError) as error:
        raise UserError(f"{where}: not a PEM private key without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise UserError(f"{where}: not a P-256 key; expected an elliptic-curve key on that curve")
    return key


def _public_pem(key: ec.EllipticCurvePublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _prehashed() -> ec.ECDSA:
    from cryptography.hazmat.primitives.asymmetric import ec, utils
    from cryptography.hazmat.primitives.hashes import SHA256

    return ec.ECDSA(utils.Prehashed(SHA256()))
