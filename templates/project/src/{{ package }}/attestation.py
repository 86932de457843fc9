"""Attestations: an environment's signature over a package, in the format of model-signing (a sigstore bundle)."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from .manifest import PackageError

PAYLOAD = "application/vnd.in-toto+json"
PREDICATE = "https://model_signing/signature/v1.0"


def verify(content: bytes, public_key: str, package: Path, where: str) -> None:
    """Refuse a package that is not, file for file, what the owner of the key signed."""
    signed = _signed_files(_payload(content, public_key, where), where)
    found = {str(path.relative_to(package)): _sha256(path) for path in package.rglob("*") if path.is_file()}
    for path in sorted(signed.keys() | found.keys()):
        if path not in signed:
            raise PackageError(f"{where}: {path} is not signed")
        if path not in found:
            raise PackageError(f"{where}: {path} is signed, but missing")
        if signed[path] != found[path]:
            raise PackageError(f"{where}: {path} is not what was signed")


def _payload(content: bytes, public_key: str, where: str) -> Any:
    """Return what a bundle says, once its signature is verified."""
    try:
        envelope = json.loads(content)["dsseEnvelope"]
        kind, body = str(envelope["payloadType"]), base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise PackageError(f"{where}: not an attestation") from error
    key = load_pem_public_key(public_key.encode())
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise PackageError("SIGNING_PUBLIC_KEY: not a key on the curve P-256")
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)
    try:
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise PackageError(f"{where}: not signed by this environment's key") from error
    return json.loads(body) if kind == PAYLOAD else None


def _signed_files(statement: Any, where: str) -> dict[str, str]:
    """Return path and digest of each file that a verified statement names."""
    try:
        if statement["predicateType"] != PREDICATE:
            raise KeyError(statement["predicateType"])
        resources = statement["predicate"]["resources"]
        if any(item["algorithm"] != "sha256" for item in resources):
            raise KeyError("algorithm")
        return {str(item["name"]): str(item["digest"]) for item in resources}
    except (KeyError, TypeError) as error:
        raise PackageError(f"{where}: signs something else than a package") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
