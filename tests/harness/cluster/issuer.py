"""An issuer of identity tokens on loopback: GitHub's in small."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.harness.web import Handler

AUDIENCE = "plane"
"""What tokens are for, by default."""

_KEY_ID = "plane"
_DOCUMENT = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Issuer:
    """Signs tokens that the plane's API server believes, once it is told to trust their issuer."""

    url: str
    """Address of the issuer itself, and the `iss` of its tokens by default."""
    key: Path
    """By which it signs."""
    ca: Path
    """Certificates by which its address is checked."""

    def mint(self, claims: Mapping[str, Any], *, seconds: int = 600, issuer: str | None = None) -> str:
        """Return a token.

        Args:
            claims: What it says: `sub` at least; `aud`, `iss`, `iat` and `exp` have defaults.
            seconds: How long it is good for.
            issuer: Whose token it is; the API server has to find the keys by `discovery(issuer)`.
        """
        now = int(time.time())
        said = {"iss": issuer or self.url, "aud": AUDIENCE, "iat": now, "nbf": now - 5, "exp": now + seconds, **claims}
        header = {"alg": "RS256", "typ": "JWT", "kid": _KEY_ID}
        text = ".".join(_encoded(json.dumps(part).encode()) for part in (header, said))
        signature = _private(self.key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_encoded(signature)}"

    def discovery(self, issuer: str) -> str:
        """Return where this issuer answers in the name of another: a `discoveryURL` for the API server."""
        return f"{self.url}/as/{quote(issuer, safe='')}{_DOCUMENT}"


def serve(port: int, certificate: Path, key: Path, signing: Path) -> ThreadingHTTPServer:
    """Return a server that tells which keys sign; call `serve_forever` on it.

    Args:
        port: Where it listens on 127.0.0.1.
        certificate: Its certificate.
        key: The key of its certificate.
        signing: The private key by which tokens are signed.
    """
    url, keys = f"https://127.0.0.1:{port}", _keys(signing)

    class Answers(Handler):
        def handle_any(self) -> None:
            found = _answer(self.path, url, keys)
            self.reply(200 if found else 404, json.dumps(found).encode(), Content_Type="application/json")

        do_GET = handle_any  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", port), Answers)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server


def _answer(path: str, url: str, keys: dict[str, Any]) -> dict[str, Any] | None:
    if path == "/keys":
        return keys
    if not path.endswith(_DOCUMENT):
        return None
    other = path.removesuffix(_DOCUMENT).removeprefix("/as/")
    return {
        "issuer": unquote(other) or url,
        "jwks_uri": f"{url}/keys",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _keys(signing: Path) -> dict[str, Any]:
    numbers = _private(signing).public_key().public_numbers()
    key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": _KEY_ID}
    return {"keys": [{**key, "n": _number(numbers.n), "e": _number(numbers.e)}]}


def _private(path: Path) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _number(value: int) -> str:
    return _encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
