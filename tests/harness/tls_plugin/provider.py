"""Private keys and certificates that sign themselves, by `cryptography`."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pulumi_tls import private_key, self_signed_cert

from tests.harness.plugin.logical import LogicalStandIn, Row
from tests.harness.plugin.standin import Inputs
from tests.harness.plugin.wire import UNKNOWN
from tests.harness.tls_plugin import certificate
from tests.harness.tls_plugin.certificate import Key

KEY = "tls:index/privateKey:PrivateKey"
CERTIFICATE = "tls:index/selfSignedCert:SelfSignedCert"
CURVES: Mapping[str, ec.EllipticCurve] = {
    "P224": ec.SECP224R1(),
    "P256": ec.SECP256R1(),
    "P384": ec.SECP384R1(),
    "P521": ec.SECP521R1(),
}
ROWS: Mapping[str, Row] = {
    KEY: Row(
        private_key.PrivateKey,
        private_key.PrivateKeyArgs,
        secret=frozenset({"privateKeyOpenssh", "privateKeyPem", "privateKeyPemPkcs8"}),
        defaults={"ecdsaCurve": "P224", "rsaBits": 2048},
        missing={},
    ),
    CERTIFICATE: Row(
        self_signed_cert.SelfSignedCert,
        self_signed_cert.SelfSignedCertArgs,
        secret=frozenset({"privateKeyPem", "privateKeyPemWo"}),
        defaults={"earlyRenewalHours": 0, "isCaCertificate": False},
        missing={"readyForRenewal": "it never is; nothing waits for years here"},
    ),
}
IGNORED = ("privateKeyPemWo", "privateKeyPemWoVersion", "setAuthorityKeyId", "setSubjectKeyId", "uris")
"""Inputs of a certificate that the stand-in does not act on."""


class TlsStandIn(LogicalStandIn):
    """Keys, as far as docs/fidelity.md says."""

    rows = ROWS

    def wrong(self, type_: str, given: Inputs) -> Iterator[tuple[str, str]]:
        """Yield algorithms, curves and uses that there are not."""
        if type_ == CERTIFICATE:
            yield from _wrong_certificate(given)
            return
        for name, known in {"algorithm": ("ECDSA", "ED25519", "RSA"), "ecdsaCurve": tuple(CURVES)}.items():
            if given.get(name, UNKNOWN) not in (*known, UNKNOWN):
                yield name, f"`{given[name]}` is not one of {', '.join(known)}"

    def generate(self, type_: str, inputs: Inputs) -> tuple[str, dict[str, Any]]:
        """Return a new key or certificate; the id of a key is the digest of its public half."""
        if type_ == CERTIFICATE:
            return str(uuid.uuid4()), certificate.signed(inputs)
        key = _key(inputs)
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        shown = {"publicKeyPem": public, **_private(key), **_openssh(key)}
        return hashlib.sha1(public.encode(), usedforsecurity=False).hexdigest(), shown


def _wrong_certificate(given: Inputs) -> Iterator[tuple[str, str]]:
    for name in IGNORED:
        if name in given:
            yield name, "the stand-in does not act on it; teach it in tests/harness/tls_plugin"
    known = {*certificate.USES, *certificate.EXTENDED}
    for number, word in enumerate(given["allowedUses"]):
        if word not in known:
            yield f"allowedUses[{number}]", f"`{word}` is not one of {', '.join(sorted(known))}"


def _key(inputs: Inputs) -> Key:
    match inputs["algorithm"]:
        case "RSA":
            return rsa.generate_private_key(public_exponent=65537, key_size=inputs["rsaBits"])
        case "ECDSA":
            return ec.generate_private_key(CURVES[inputs["ecdsaCurve"]])
        case _:
            return ed25519.Ed25519PrivateKey.generate()


def _private(key: Key) -> dict[str, str]:
    pkcs8 = _pem(key, PrivateFormat.PKCS8)
    traditional = not isinstance(key, ed25519.Ed25519PrivateKey)
    return {
        "privateKeyPem": _pem(key, PrivateFormat.TraditionalOpenSSL) if traditional else pkcs8,
        "privateKeyPemPkcs8": pkcs8,
    }


def _openssh(key: Key) -> dict[str, str]:
    """Return what SSH reads; it knows no P224."""
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp224r1":
        names = ("privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256")
        return dict.fromkeys(names, "")
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    blob = base64.b64decode(public.split()[1])
    sha = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return {
        "privateKeyOpenssh": _pem(key, PrivateFormat.OpenSSH),
        "publicKeyOpenssh": f"{public.decode()}\n",
        "publicKeyFingerprintMd5": hashlib.md5(blob, usedforsecurity=False).digest().hex(":"),
        "publicKeyFingerprintSha256": f"SHA256:{sha}",
    }


def _pem(key: Key, format_: PrivateFormat) -> str:
    return key.private_bytes(Encoding.PEM, format_, NoEncryption()).decode()
