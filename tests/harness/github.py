"""A double of the one route of GitHub's API that is asked."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from tests.harness.web import Handler, Server, serving

if TYPE_CHECKING:
    from collections.abc import Generator

RESET = 1795262400
"""2026-11-21 12:00:00 UTC, in seconds."""


def repository(owner: str = "Acme", name: str = "churn", **changes: Any) -> dict[str, Any]:
    """Return what the route says of a repository, as far as it is read."""
    said = {
        "id": 987654321,
        "name": name,
        "full_name": f"{owner}/{name}",
        "owner": {"login": owner, "id": 123456},
        "default_branch": "trunk",
        "created_at": "2026-09-01T10:00:00Z",
    }
    return said | changes


@contextlib.contextmanager
def github(**repositories: Any) -> Generator[Server]:
    """Answer for repositories by their name without owner: what is said of them, or a status with headers."""

    def answer(request: Handler) -> None:
        request.server.requests[-1] += f" {request.headers.get('Authorization')}"
        found = repositories.get(request.path.rpartition("/")[2].replace("-", "_").lower())
        if isinstance(found, tuple):
            request.reply(found[0], b'{"message": "no"}', **found[1])
        elif found is None:
            request.reply(404, b'{"message": "Not Found"}')
        else:
            request.reply(200, json.dumps(found).encode())

    with serving(answer) as server:
        yield server
