"""The certificate authority of a plane, and what it signs."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_USES = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes

    def write(self, folder: Path, name: str) -> None:
        """Write `<name>.crt` and `<name>.key`."""
        (folder / f"{name}.crt").write_bytes(self.certificate)
        (folder / f"{name}.key").write_bytes(self.key)


def new_key() -> rsa.RSAPrivateKey:
    """Return a new private key that signs tokens."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _new_key() -> ec.EllipticCurvePrivateKey:
    """Return a new private key of a certificate: of the other sort, a plane would wait for its keys most of all."""
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """Return a private key as PEM."""
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """Return the public half of a key as PEM."""
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, shape)


def authority() -> Pair:
    """Return a new certificate authority."""
    key = _new_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plane")])
    basic = x509.BasicConstraints(ca=True, path_length=None)
    builder = _builder(name, name, key).add_extension(basic, critical=True)
    return Pair(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), pem(key))


def signed(by: Pair, user: str, groups: Iterable[str] = (), hosts: Iterable[str] = ()) -> Pair:
    """Return a certificate of a user in groups, or of a server that answers to hosts."""
    key = _new_key()
    issuer = x509.load_pem_x509_certificate(by.certificate).subject
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
    builder = _builder(x509.Name(subject), issuer, key).add_extension(x509.ExtendedKeyUsage(_USES), critical=False)
    if names := [_host(host) for host in hosts]:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signing = serialization.load_pem_private_key(by.key, None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    return Pair(builder.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.PEM), pem(key))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
