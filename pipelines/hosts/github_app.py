"""A GitHub App: it signs a short letter with its key, and gets a token of one hour for one repository.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app (2026-11)
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines.hosts.base import Conflict
from pipelines.hosts.github_rest import Rest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

EARLIER, LIFETIME = 60, 540
"""Seconds that a letter begins before now, because clocks differ, and that it is good for; GitHub takes 600."""
TOKEN = re.compile(r"[A-Za-z0-9_.=-]{10,4000}")


@dataclass(frozen=True)
class App:
    """An app of the organisation, and the key that it signs with."""

    client_id: str
    private_key: bytes = field(repr=False)
    """PEM of an RSA key."""

    def letter(self, now: datetime) -> str:
        """Return a JSON web token that says who the app is (RS256)."""
        seconds = int(now.timestamp())
        claims = {"iat": seconds - EARLIER, "exp": seconds + LIFETIME, "iss": self.client_id}
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{signed}.{_text(self._sign(signed.encode()))}"

    def token(self, rest: Rest, repository: str, permissions: Mapping[str, str], now: datetime) -> str:
        """Return a token for one repository and some permissions; more than was asked for is refused."""
        signed_in = Rest(rest.api, self.letter(now), rest.wait)
        try:
            installation = int(signed_in.get(f"repos/{repository}/installation")["id"])
        except Conflict as error:
            told = "ask the organisation's owners to install it there"
            raise UserError(f"app {self.client_id}: not installed on {repository}; {told}") from error
        name = repository.partition("/")[2]
        words = {"repositories": [name], "permissions": dict(permissions)}
        try:
            found = signed_in.change("POST", f"app/installations/{installation}/access_tokens", words)
        except Conflict as error:
            wanted = ", ".join(f"{key}={value}" for key, value in permissions.items())
            raise UserError(
                [f"app {self.client_id}: may not have {wanted}: {item}" for item in error.problems]
            ) from error
        return _checked(found, name, permissions)

    def _sign(self, content: bytes) -> bytes:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            key = load_pem_private_key(self.private_key, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise UserError(f"app {self.client_id}: its secret holds no PEM of an RSA key without a password")
        return key.sign(content, PKCS1v15(), SHA256())


def _checked(found: Any, name: str, permissions: Mapping[str, str]) -> str:
    """Return a token that is for what was asked, and for nothing else."""
    try:
        token, granted = str(found["token"]), dict(found["permissions"])
        repositories = [str(item["name"]).lower() for item in found.get("repositories", [])]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError("GITHUB_API_URL: does not answer as GitHub does; check it") from error
    more = {key: value for key, value in granted.items() if key != "metadata" and permissions.get(key) != value}
    if more or repositories != [name.lower()] or not TOKEN.fullmatch(token):
        raise UserError("GITHUB_API_URL: gave another token than the one that was asked for; it is not used")
    return token


def _part(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
