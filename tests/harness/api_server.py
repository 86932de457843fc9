"""An API server on loopback that knows bearer tokens, and answers with what a test has put into it."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import ssl
import tempfile
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.harness.cluster.certificates import Pair, authority, signed
from tests.harness.web import Handler, Server, serving

Objects = dict[str, dict[str, dict[str, str]]]
"""`secrets` or `configmaps` -> `namespace/name` -> values, as text."""
REASONS = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound"}


@dataclass
class Standin:
    """What is asked of the server, and by whom."""

    url: str
    certificate_authority: str
    """What its clients trust, as base64 of PEM."""
    objects: Objects = field(default_factory=lambda: {"secrets": {}, "configmaps": {}})
    strangers: set[str] = field(default_factory=set[str])
    """Tokens that it does not know."""
    readers: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """`namespace/name` of a Secret -> tokens that may read it; everybody whom it knows by default."""
    deployers: set[str] | None = None
    """Tokens that may deploy; everybody whom it knows by default."""
    elsewhere: str | None = None
    """Where it sends everybody, instead of an answer."""
    calls: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Token, method and path of each request."""
    heard: Callable[[str, str, str], None] | None = None
    """Told of each request: token, verb, and `resource/namespace/name`."""

    @property
    def place(self) -> dict[str, str]:
        """What a contract says of it."""
        return {"cluster_endpoint": self.url, "certificate_authority": self.certificate_authority}

    def answer(self, request: Handler) -> None:
        """Answer one request."""
        token = (request.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.calls.append((token, request.command, request.path))
        if self.heard:
            self.heard(token, *_asked(request.path))
        if self.elsewhere:
            request.reply(302, Location=self.elsewhere)
            return
        status, said = self._found(token, request.path)
        if status >= 400:
            said = {"kind": "Status", "status": "Failure", "code": status, "reason": REASONS[status]}
        request.reply(status, json.dumps(said).encode(), Content_Type="application/json")

    def _found(self, token: str, path: str) -> tuple[int, Mapping[str, Any]]:
        if not token or token in self.strangers:
            return 401, {}
        if path.endswith("/selfsubjectaccessreviews"):
            allowed = self.deployers is None or token in self.deployers
            return 201, {"spec": {}, "status": {"allowed": allowed}}
        resource, namespace, name = _asked(path)[1].split("/")
        where = f"{namespace}/{name}"
        if token not in self.readers.get(where, {token}):
            return 403, {}
        values = self.objects[resource].get(where)
        if values is None:
            return 404, {}
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
        return 200, {"metadata": {"name": name}, "data": encoded if resource == "secrets" else values}


def _asked(path: str) -> tuple[str, str]:
    """Return verb and `resource/namespace/name` of a request."""
    if path.endswith("/selfsubjectaccessreviews"):
        return "create", "selfsubjectaccessreviews//"
    _, namespace, resource, name = path.removeprefix("/api/v1/").split("/")
    return "get", f"{resource}/{namespace}/{name}"


@contextlib.contextmanager
def api_server(objects: Objects | None = None) -> Generator[Standin]:
    """Run one for the time of a test, with a certificate of its own authority."""
    standin = Standin("", base64.b64encode(_authority().certificate).decode())
    standin.objects |= objects or {}
    with serving(standin.answer) as server:
        _over_tls(server)
        standin.url = server.url.replace("http:", "https:")
        yield standin


@functools.cache
def _authority() -> Pair:
    return authority()


@functools.cache
def _certificate() -> Pair:
    return signed(_authority(), "api-server", hosts=["127.0.0.1"])


def _over_tls(server: Server) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory() as name:
        _certificate().write(Path(name), "server")
        context.load_cert_chain(Path(name) / "server.crt", Path(name) / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
