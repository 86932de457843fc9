"""A registry on loopback that speaks the OCI distribution protocol, as strictly as registries do."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

INDEX, IMAGE = (f"application/vnd.oci.image.{kind}.v1+json" for kind in ("index", "manifest"))
USER = ("robot", "not-a-secret")
PATH = re.compile(
    r"/v2/(?P<name>[a-z0-9/._-]+?)/(?P<kind>manifests|blobs)/(?P<what>uploads/[0-9]*|sha256:[0-9a-f]{64})$"
)


def digest_of(content: bytes) -> str:
    """Return the digest of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class Held:
    """One repository."""

    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)

    def add_image(self, *layers: bytes, media_type: str = IMAGE) -> str:
        """Put an image there, and return its digest."""
        config = json.dumps({"layers": len(layers)}).encode()
        self.blobs |= {digest_of(blob): blob for blob in (config, *layers)}
        described = [{"digest": digest_of(blob), "size": len(blob)} for blob in (config, *layers)]
        return self.add({"config": described[0], "layers": described[1:]}, media_type)

    def add_index(self, *images: str) -> str:
        """Put a list of images there, and return its digest."""
        return self.add({"manifests": [{"digest": digest} for digest in images]}, INDEX)

    def add(self, document: Mapping[str, Any], media_type: str) -> str:
        """Put a manifest there, and return its digest."""
        content = json.dumps({"schemaVersion": 2, **document}).encode()
        self.manifests[digest_of(content)] = (media_type, content)
        return digest_of(content)


class Registry(ThreadingHTTPServer):
    """All repositories of a registry."""

    daemon_threads = True

    def __init__(self, sign_in: str | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sign_in = sign_in
        self.repositories: dict[str, Held] = {}
        self.requests: list[str] = []
        self.spoil: Callable[[str, bytes], bytes | int] = lambda _, content: content
        """Given `GET <path>` and what is answered: other bytes, or a status."""

    def uri(self, name: str) -> str:
        """Return the address of a repository."""
        return f"127.0.0.1:{self.server_port}/{name}"

    def held(self, name: str) -> Held:
        """Return what a repository holds."""
        return self.repositories.setdefault(name, Held())


@contextlib.contextmanager
def registry(sign_in: str | None = None) -> Generator[Registry]:
    """Run a registry; `sign_in` is `basic` or `bearer` where nobody is let in without."""
    server = Registry(sign_in)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Registry

    def handle_any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:
            return  # the client went away
        path = urlsplit(self.path).path
        said = f"{self.command} {path}"
        self.server.requests.append(said)
        if path == "/token":
            self._give_token()
        elif not self._is_known():
            self._challenge()
        else:
            self._answer(said, path, body)

    do_GET = do_PUT = do_POST = do_HEAD = handle_any  # noqa: N815

    def _answer(self, said: str, path: str, body: bytes) -> None:
        spoiled = self.server.spoil(said, b"")
        if isinstance(spoiled, int):
            self._reply(spoiled)
            return
        found = PATH.fullmatch(path)
        assert found, path
        held = self.server.held(found["name"])
        match self.command, found["kind"]:
            case (("GET" | "HEAD"), "manifests"):
                media_type, content = held.manifests.get(found["what"], ("", None))
                self._give(said, content, media_type)
            case (("GET" | "HEAD"), _):
                self._give(said, held.blobs.get(found["what"]), "application/octet-stream")
            case "POST", _:
                self._reply(202, Location=f"{path}17?state=kept")
            case _, "blobs":
                self._take_blob(held, body)
            case _:
                self._take_manifest(held, found["what"], body)

    def _give(self, said: str, content: bytes | None, media_type: str) -> None:
        if content is None:
            self._reply(404, b"{}")
            return
        spoiled = self.server.spoil(said, content)
        assert isinstance(spoiled, bytes)
        self._reply(200, spoiled, Content_Type=media_type)

    def _take_blob(self, held: Held, body: bytes) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if query.get("state") != ["kept"] or query["digest"] != [digest_of(body)]:
            self._reply(400, b"DIGEST_INVALID")
            return
        held.blobs[digest_of(body)] = body
        self._reply(201)

    def _take_manifest(self, held: Held, digest: str, body: bytes) -> None:
        document = json.loads(body)
        blobs = [*filter(None, [document.get("config")]), *document.get("layers", [])]
        missing = [item for item in blobs if item["digest"] not in held.blobs and not item.get("urls")]
        missing += [item for item in document.get("manifests", []) if item["digest"] not in held.manifests]
        if missing or digest != digest_of(body):
            self._reply(400, b"MANIFEST_BLOB_UNKNOWN")
            return
        held.manifests[digest] = (str(self.headers["Content-Type"]), body)
        self._reply(201)

    def _is_known(self) -> bool:
        given = self.headers.get("Authorization", "")
        expected = {"basic": _basic(), "bearer": "Bearer a-token"}
        return self.server.sign_in is None or given == expected[self.server.sign_in]

    def _challenge(self) -> None:
        scope = (
            f'realm="http://127.0.0.1:{self.server.server_port}/token",service="here",scope="repository:x:pull,push"'
        )
        asked = 'Basic realm="here"' if self.server.sign_in == "basic" else f"Bearer {scope}"
        self._reply(401, b"{}", WWW_Authenticate=asked)

    def _give_token(self) -> None:
        known = self.headers.get("Authorization") == _basic()
        self._reply(200 if known else 401, b'{"token": "a-token"}' if known else b"{}")

    def _reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _basic() -> str:
    return "Basic " + base64.b64encode(":".join(USER).encode()).decode()


def docker_config(server: Registry) -> str:
    """Return what `docker login` writes."""
    token = base64.b64encode(":".join(USER).encode()).decode()
    return json.dumps({"auths": {f"127.0.0.1:{server.server_port}": {"auth": token}}})
