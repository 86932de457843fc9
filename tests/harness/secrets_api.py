"""The part of an API server that keeps Secrets, on loopback: TLS, one bearer token, rights by name."""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.harness.cluster.certificates import authority, signed
from tests.harness.web import serving

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping
    from pathlib import Path

    from tests.harness.web import Handler

TOKEN = "the-token-of-the-service-account"


@dataclass
class SecretsApi:
    """A server, and what it holds."""

    values: dict[str, dict[str, str]]
    """Namespace and name of a Secret -> what is in it."""
    rights: Mapping[str, Collection[str]]
    """Namespace and name of a Secret -> verbs that the token may use."""
    identity: Path
    """Folder with `token` and `ca.crt`, as the kubelet gives it to a pod."""
    url: str = ""
    """Its address."""
    asked: list[str] = field(default_factory=list[str])
    """Requests, as far as they were let in."""

    def answer(self, request: Handler) -> None:
        """Answer a request for one Secret."""
        path, _, query = request.path.partition("?")
        address = path.removeprefix("/api/v1/namespaces/").replace("/secrets/", "/")
        verb = {"GET": "get", "PATCH": "patch"}.get(request.command, "")
        if request.headers["Authorization"] != f"Bearer {TOKEN}":
            return request.reply(401)
        if verb not in self.rights.get(address, ()):
            return request.reply(403)
        self.asked.append(f"{verb} {address} {query}")
        if verb == "patch":
            merged: Any = json.loads(request.body)
            self.values[address] |= {name: base64.b64decode(value).decode() for name, value in merged["data"].items()}
        data = {name: base64.b64encode(value.encode()).decode() for name, value in self.values[address].items()}
        return request.reply(200, json.dumps({"kind": "Secret", **({"data": data} if data else {})}).encode())


@contextlib.contextmanager
def secrets_api(
    folder: Path, values: dict[str, dict[str, str]], rights: Mapping[str, Collection[str]]
) -> Generator[SecretsApi]:
    """Run it for the time of a test."""
    folder.mkdir()
    by = authority()
    by.write(folder, "ca")
    signed(by, "api", hosts=["127.0.0.1"]).write(folder, "server")
    (folder / "token").write_text(TOKEN)
    api = SecretsApi(values, rights, folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    with serving(api.answer, context) as server:
        api.url = server.url
        yield api
