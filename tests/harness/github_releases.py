"""A double of GitHub's releases: drafts, files with digests, and what is published."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.harness.web import Handler, serving

if TYPE_CHECKING:
    from collections.abc import Generator

TOKEN = "a-token-that-may-write-contents"


@dataclass
class Releases:
    """The releases of one repository."""

    name: str = "acme/platform"
    releases: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    content: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Name of a file -> what it holds."""
    made: list[str] = field(default_factory=list[str])
    """Changes, as `METHOD path`."""
    fail_upload: str | None = None
    """Name of a file whose next upload breaks half way."""
    uploads_at: str | None = None
    """Another host for files."""
    url: str = ""
    _last: int = 0

    def answer(self, request: Handler) -> None:
        """Answer one request."""
        assert f"Bearer {TOKEN}" == request.headers["Authorization"]
        address = urlsplit(request.path)
        path = address.path.removeprefix(f"/repos/{self.name}/releases")
        if request.command != "GET":
            self.made.append(f"{request.command} {path or '/'}")
        status, said = self._do(request.command, path, parse_qs(address.query), request.body)
        request.reply(status, b"" if said is None else json.dumps(said).encode())

    def _do(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        found = re.fullmatch(r"/(assets/)?([0-9]+)(/assets)?", path)
        number = int(found[2]) if found else 0
        if method == "GET":
            return 200, list(self.releases.values())
        if method == "DELETE":
            for release in self.releases.values():
                release["assets"] = [item for item in release["assets"] if item["id"] != number]
            return 204, None
        if found and found[3]:
            return self._upload(self.releases[number], query["name"][0], body)
        said = json.loads(body)
        if method == "POST":
            return 201, self._draft(said)
        self.releases[number] |= said
        return 200, self.releases[number]

    def _draft(self, said: dict[str, Any]) -> dict[str, Any]:
        number = self._next()
        at = f"{self.uploads_at or self.url}/repos/{self.name}/releases/{number}/assets{{?name,label}}"
        page = f"{self.url}/{self.name}/releases/{number}"
        self.releases[number] = {**said, "id": number, "assets": [], "upload_url": at, "html_url": page}
        return self.releases[number]

    def _upload(self, release: dict[str, Any], name: str, body: bytes) -> tuple[int, Any]:
        if any(item["name"] == name for item in release["assets"]):
            return 422, {"message": "Validation Failed", "errors": [{"code": "already_exists"}]}
        broken, self.fail_upload = self.fail_upload == name, None if self.fail_upload == name else self.fail_upload
        kept = body[: len(body) // 2] if broken else body
        digest = f"sha256:{hashlib.sha256(kept).hexdigest()}"
        release["assets"].append({"id": self._next(), "name": name, "digest": digest})
        self.content[name] = kept
        return (502, {"message": "Bad Gateway"}) if broken else (201, release["assets"][-1])

    def _next(self) -> int:
        self._last += 1
        return self._last


@contextlib.contextmanager
def github_releases() -> Generator[Releases]:
    """Serve the releases of one repository for the time of a test."""
    host = Releases()
    with serving(host.answer) as server:
        host.url = server.url
        yield host
