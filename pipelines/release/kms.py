"""Signing keys in AWS KMS: the private half never leaves it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from components.errors import UserError
from pipelines import aws

SCHEME = "awskms:///"
ARN = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):[0-9]{12}:(?:key|alias)/\S+")
RIGHTS = "kms:Sign and kms:GetPublicKey on this key"


class KmsSigner:
    """A P-256 key for signing (`ECC_NIST_P256`, `SIGN_VERIFY`), by its ARN; the ARN's region is asked."""

    def __init__(self, uri: str, **settings: Any) -> None:
        self.uri, self._settings = uri, settings
        self.arn = uri.removeprefix(SCHEME)
        found = ARN.fullmatch(self.arn)
        if not found:
            raise UserError(f"{uri}: not the ARN of a key; write it like {SCHEME}arn:aws:kms:REGION:ACCOUNT:key/ID")
        self.region = found[1]

    @property
    def public_key(self) -> str:
        """The public half, PEM."""
        return self._public_key

    @cached_property
    def _public_key(self) -> str:
        from cryptography.hazmat.primitives import serialization

        der: bytes = self._ask("get_public_key")["PublicKey"]
        pem = serialization.load_der_public_key(der).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem.decode()

    def sign(self, digest: bytes) -> bytes:
        """Sign a SHA-256 digest; nothing else is sent."""
        return self._ask("sign", Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")["Signature"]

    def _ask(self, operation: str, **arguments: object) -> Any:
        known = {
            "NotFoundException": f"no such key in {self.region}; check signing_key in the contract, or pull it again",
            "DisabledException": "the key is disabled; enable it, or let the project's stack make another",
            "KMSInvalidStateException": "the key cannot be used in the state it is in; is its deletion scheduled?",
            "InvalidKeyUsageException": "not a key for signing; expected ECC_NIST_P256 with SIGN_VERIFY",
            "UnsupportedOperationException": "not a key for signing; expected ECC_NIST_P256 with SIGN_VERIFY",
        }
        with aws.explained(self.uri, "the key service", RIGHTS, known):
            return getattr(self._client, operation)(KeyId=self.arn, **arguments)

    @cached_property
    def _client(self) -> Any:
        return aws.client("kms", self.region, **self._settings)
