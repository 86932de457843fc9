"""Certificates that sign themselves."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.harness.plugin.standin import Inputs

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

USES = {
    "cert_signing": "key_cert_sign",
    "content_commitment": "content_commitment",
    "crl_signing": "crl_sign",
    "data_encipherment": "data_encipherment",
    "digital_signature": "digital_signature",
    "key_agreement": "key_agreement",
    "key_encipherment": "key_encipherment",
}
"""Word of the provider -> that of `cryptography`; the other words are of the extended uses."""

EXTENDED = {"client_auth": ExtendedKeyUsageOID.CLIENT_AUTH, "server_auth": ExtendedKeyUsageOID.SERVER_AUTH}


def signed(inputs: Inputs) -> dict[str, Any]:
    """Return the outputs of a new certificate."""
    key = serialization.load_pem_private_key(inputs["privateKeyPem"].encode(), None)
    assert isinstance(key, Key)
    start = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    end = start + datetime.timedelta(hours=inputs["validityPeriodHours"])
    builder = _builder(inputs, key).not_valid_before(start).not_valid_after(end)
    certificate = builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    return {
        "certPem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "keyAlgorithm": _algorithm(key),
        "readyForRenewal": False,
        "validityStartTime": _written(start),
        "validityEndTime": _written(end),
    }


def _builder(inputs: Inputs, key: Key) -> x509.CertificateBuilder:
    subject = _subject(inputs.get("subject") or {})
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    basic = x509.BasicConstraints(ca=inputs["isCaCertificate"], path_length=inputs.get("maxPathLength"))
    builder = builder.add_extension(basic, critical=True)
    if names := [*_names(inputs)]:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    asked = inputs["allowedUses"]
    usage = {name: word in asked for word, name in USES.items()} | {"encipher_only": False, "decipher_only": False}
    builder = builder.add_extension(x509.KeyUsage(**usage), critical=True)
    if extended := [oid for word, oid in EXTENDED.items() if word in asked]:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    return builder


def _subject(given: dict[str, Any]) -> x509.Name:
    known = {"commonName": NameOID.COMMON_NAME, "organization": NameOID.ORGANIZATION_NAME}
    return x509.Name([x509.NameAttribute(oid, given[word]) for word, oid in known.items() if word in given])


def _names(inputs: Inputs) -> Iterator[x509.GeneralName]:
    yield from (x509.DNSName(name) for name in inputs.get("dnsNames") or ())
    yield from (x509.IPAddress(ipaddress.ip_address(text)) for text in inputs.get("ipAddresses") or ())


def _algorithm(key: Key) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA"
    return "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def _written(moment: datetime.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
