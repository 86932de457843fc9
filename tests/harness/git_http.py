"""A host that gives a git repository over HTTP to those who have its token."""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.harness.web import Handler, Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


@contextlib.contextmanager
def private_repository(folder: Path, token: str, moved_to: str | None = None) -> Generator[Server]:
    """Serve the repositories of a folder; who has not the token gets a 401, and `/moved/…` is at another host."""
    allowed = f"Basic {base64.b64encode(f'x-access-token:{token}'.encode()).decode()}"

    def answer(request: Handler) -> None:
        request.server.requests[-1] += f" {request.headers.get('Authorization')}"
        if request.headers.get("Authorization") != allowed:
            request.reply(401, WWW_Authenticate='Basic realm="private"')
        elif moved_to and request.path.startswith("/moved/"):
            request.reply(302, Location=moved_to + request.path.removeprefix("/moved"))
        else:
            backend(request, folder)

    with serving(answer) as server:
        yield server


def backend(request: Handler, folder: Path, noted: Callable[[], None] = lambda: None) -> None:
    """Let git itself answer, as it does behind any web server.

    Args:
        request: What git asks.
        folder: Of the repositories.
        noted: Called when git has done what it was asked, before anybody knows of it.
    """
    address = urlsplit(request.path)
    variables = {
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        "GIT_CONFIG_KEY_1": "uploadpack.allowReachableSHA1InWant",
        "GIT_CONFIG_VALUE_1": "true",
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROJECT_ROOT": str(folder),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "PATH_INFO": address.path,
        "QUERY_STRING": address.query,
        "REMOTE_USER": "reader",
        "REQUEST_METHOD": request.command,
    }
    done = subprocess.run(
        ["git", "http-backend"], input=request.body, env={**os.environ, **variables}, capture_output=True, check=True
    )
    noted()
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    request.reply(int(headers.pop("Status", "200").split()[0]), body, **headers)
