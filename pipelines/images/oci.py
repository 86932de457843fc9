"""One repository of a registry that speaks the OCI distribution protocol."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import re
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin, urlsplit

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SECONDS = 60
CHUNK_BYTES = 1 << 20
MANIFEST_BYTES = 4 << 20
"""The most that a manifest may have; registries take no larger ones."""

TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""Kinds of manifests."""

LOOPBACK = {"127.0.0.1", "localhost"}


@dataclass(frozen=True)
class Login:
    """A user of a registry."""

    username: str
    password: str = field(repr=False)

    @property
    def basic(self) -> str:
        """Both, as a header says them."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True)
class Manifest:
    """What an image, or a list of images, consists of; its digest is that of these bytes."""

    content: bytes
    media_type: str

    @cached_property
    def document(self) -> dict[str, Any]:
        """What it says."""
        return json.loads(self.content)


class Repository:
    """A repository: `registry.acme.example/ml/churn`.

    Args:
        uri: Registry and name; no scheme, no tag.
        login: Asked for when the registry wants somebody to sign in; nothing is sent before.
    """

    def __init__(self, uri: str, login: Callable[[], Login | None] = lambda: None) -> None:
        self.uri = uri
        host, _, self._name = uri.partition("/")
        self._base = f"{'http' if host.partition(':')[0] in LOOPBACK else 'https'}://{host}"
        self._login = login
        self._authorization: str | None = None

    def holds(self, digest: str) -> bool:
        """Return whether the repository has an image."""
        return self._there(f"manifests/{digest}", digest)

    def holds_blob(self, digest: str) -> bool:
        """Return whether the repository has a blob."""
        return self._there(f"blobs/{digest}", digest)

    def manifest(self, digest: str) -> Manifest:
        """Return a manifest, its digest verified."""
        with self._ask("GET", f"manifests/{digest}", digest) as answer:
            content = answer.read(MANIFEST_BYTES + 1)
            media_type = str(answer.headers.get("Content-Type", ""))
        self._refuse_other(digest, hashlib.sha256(content).hexdigest())
        return Manifest(content, media_type)

    def read_blob(self, digest: str) -> Iterator[bytes]:
        """Read a blob piece by piece; other bytes than its digest says end in an error."""
        state = hashlib.sha256()
        with self._ask("GET", f"blobs/{digest}", digest) as answer:
            while chunk := self._read(answer, digest):
                state.update(chunk)
                yield chunk
        self._refuse_other(digest, state.hexdigest())

    def put_blob(self, digest: str, size: int, chunks: Iterable[bytes]) -> None:
        """Upload a blob in one piece; the registry keeps it only when it has that digest."""
        with self._ask("POST", "blobs/uploads/", digest, body=b"") as answer:
            location = urljoin(f"{self._base}/", str(answer.headers.get("Location", "")))
        place = f"{location}{'&' if urlsplit(location).query else '?'}{urlencode({'digest': digest})}"
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        self._ask("PUT", place, digest, body=chunks, headers=headers).close()

    def put_manifest(self, digest: str, manifest: Manifest) -> None:
        """Upload a manifest; the image is there with this call."""
        headers = {"Content-Type": manifest.media_type}
        self._ask("PUT", f"manifests/{digest}", digest, body=manifest.content, headers=headers).close()

    def _there(self, path: str, digest: str) -> bool:
        try:
            self._ask("HEAD", path, digest).close()
        except _Missing:
            return False
        return True

    def _ask(
        self, method: str, path: str, digest: str, *, body: Any = None, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        """Send one request; sign in, and send it again, when the registry asks for it."""
        try:
            return self._send(method, path, body, headers or {})
        except urllib.error.HTTPError as error:
            if error.code != 401 or not isinstance(body, bytes | None):
                raise self._explained(error, digest, method) from error
            challenge = str(error.headers.get("WWW-Authenticate", ""))
        except OSError as error:
            raise self._unreachable(error) from error
        try:
            self._authorization = self._answer(challenge)
            return self._send(method, path, body, headers or {})
        except urllib.error.HTTPError as error:
            raise self._explained(error, digest, method) from error
        except OSError as error:
            raise self._unreachable(error) from error

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> http.client.HTTPResponse:
        url = path if "://" in path else f"{self._base}/v2/{self._name}/{path}"
        request = urllib.request.Request(url, data=body, method=method)  # noqa: S310 - http(s) only
        for name, value in {"Accept": ", ".join(TYPES), **headers}.items():
            request.add_header(name, value)
        if self._authorization and urlsplit(url).netloc == urlsplit(self._base).netloc:
            request.add_unredirected_header("Authorization", self._authorization)
        return urllib.request.urlopen(request, timeout=SECONDS)  # noqa: S310 - http(s) only

    def _answer(self, challenge: str) -> str:
        """Return what to sign in with, as a registry's challenge asks for it."""
        kind, _, rest = challenge.partition(" ")
        login = self._login()
        if kind.lower() == "basic" and login:
            return login.basic
        asked: dict[str, str] = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        realm = asked.pop("realm", "")
        if kind.lower() != "bearer" or urlsplit(realm).scheme != urlsplit(self._base).scheme:
            raise UserError(f"{self.uri}: the registry wants somebody to sign in; `docker login` there first")
        request = urllib.request.Request(f"{realm}?{urlencode(asked)}")  # noqa: S310 - the scheme is the registry's own
        if login:
            request.add_unredirected_header("Authorization", login.basic)
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            said: Any = json.loads(answer.read(1 << 20))
        return f"Bearer {said.get('token') or said.get('access_token') or ''}"

    def _read(self, answer: http.client.HTTPResponse, digest: str) -> bytes:
        try:
            return answer.read(CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise UserError(f"{self.uri}@{digest}: the connection broke; run this again") from error

    def _refuse_other(self, digest: str, found: str) -> None:
        if digest != f"sha256:{found}":
            raise UserError(f"{self.uri}@{digest}: the registry sent sha256:{found[:12]}…; refused")

    def _explained(self, error: urllib.error.HTTPError, digest: str, method: str) -> UserError:
        where = f"{self.uri}@{digest}"
        if error.code == 404:
            return _Missing(f"{where}: not in this repository; push it there first")
        if error.code in {401, 403}:
            wanted = "read" if method in {"GET", "HEAD"} else "write"
            return UserError(f"{where}: the registry denies it; the identity needs to {wanted} images there")
        return UserError(f"{where}: the registry answered {error.code} ({error.reason}); try again later")

    def _unreachable(self, error: OSError) -> UserError:
        return UserError(f"{self.uri}: the registry cannot be reached: {getattr(error, 'reason', error)}")


class _Missing(UserError):  # noqa: N818 - it is an answer where somebody asks whether there is one
    """What was asked for is not there."""
