"""Releases of a repository at GitHub, and the files that hang on them.

https://docs.github.com/en/rest/releases/releases (2026-11)
"""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from components.errors import UserError
from pipelines import writes
from pipelines.hosts.answers import mapping, sequence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.hosts.github_rest import Rest

SECONDS = 300
UPLOADS = "https://uploads.github.com"
"""Where github.com takes files; an enterprise server takes them at its own address."""


@dataclass(frozen=True)
class Release:
    """One release, published or not."""

    identifier: int
    draft: bool
    url: str
    upload: str
    """Where files are sent to."""
    files: Mapping[str, tuple[int, str | None]]
    """Name -> identifier, and digest as the host has computed it (`sha256:…`), if it says one."""


@dataclass(frozen=True)
class GithubReleases:
    """The releases of one repository."""

    rest: Rest
    repository: str
    """`owner/name`."""

    def find(self, tag: str) -> Release | None:
        """Return the release of a tag, a draft too."""
        found = [item for item in self.rest.every(self._path()) if mapping(item).get("tag_name") == tag]
        published = [item for item in found if not item.get("draft")]
        return _release(([*published, *found])[0]) if found else None

    def draft(self, tag: str, title: str, body: str) -> Release:
        """Make a release that only those see who may write."""
        words = {"tag_name": tag, "name": title, "body": body, "draft": True}
        return _release(self.rest.change("POST", self._path(), words))

    def edit(self, release: Release, title: str, body: str, *, draft: bool) -> Release:
        """Give a release another text, or publish it."""
        words = {"name": title, "body": body, "draft": draft}
        return _release(self.rest.change("PATCH", self._path(release.identifier), words))

    def attach(self, release: Release, name: str, content: bytes) -> None:
        """Hang a file on a draft; one of the same name that is half there goes first."""
        if name in release.files:
            writes.change_host(self._send, "DELETE", self._api_address("assets", release.files[name][0]), b"")
        writes.change_host(self._send, "POST", f"{self._upload_address(release)}?name={quote(name)}", content)

    def _upload_address(self, release: Release) -> str:
        """Return where files go, if that is a place that the token is for."""
        address = release.upload.partition("{")[0]
        allowed = {urlsplit(self.rest.api)[:2], urlsplit(UPLOADS)[:2] if self._on_github else None}
        if urlsplit(address)[:2] not in allowed:
            raise UserError(f"{self.rest.api}: names {urlsplit(address).netloc} for files; check GITHUB_API_URL")
        return address

    @property
    def _on_github(self) -> bool:
        return urlsplit(self.rest.api).netloc == "api.github.com"

    def _send(self, method: str, address: str, content: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310 - the API that the environment names, or its place for files
            address, content or None, {"User-Agent": "stackwright"}, method=method
        )
        request.add_header("Content-Type", "application/octet-stream")
        request.add_unredirected_header("Authorization", f"Bearer {self.rest.token}")
        where = f"{method} {urlsplit(address).path}"
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the same
                answer.read()
        except urllib.error.HTTPError as error:
            raise UserError(f"{where}: answered {error.code} {error.reason}; run it again") from error
        except OSError as error:
            raise UserError(f"{where}: does not answer: {getattr(error, 'reason', error)}; run it again") from error

    def _api_address(self, *parts: object) -> str:
        return f"{self.rest.api}/{self._path(*parts)}"

    def _path(self, *parts: object) -> str:
        return "/".join(["repos", self.repository, "releases", *map(str, parts)])


def _release(found: Any) -> Release:
    said = mapping(found)
    try:
        return Release(
            identifier=int(said["id"]),
            draft=bool(said["draft"]),
            url=str(said.get("html_url") or ""),
            upload=str(said["upload_url"]),
            files={
                str(item["name"]): (int(item["id"]), str(item["digest"]) if item.get("digest") else None)
                for item in map(mapping, sequence(said.get("assets")))
            },
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError("releases: the host does not answer as GitHub does; check GITHUB_API_URL") from error
