"""As whom a test asks a cluster: a person by a kubeconfig, or a job of GitHub by its token."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import yaml

from tests.harness.web import Handler, Server, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    import pytest

    from tests.harness.api_server import Standin

JOB = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")
PERSON = "a person"


def kubeconfig(contexts: Mapping[str, Standin], token: str = PERSON) -> str:
    """Return the kubeconfig of a person who knows clusters, by the names of their contexts."""
    document = {
        "clusters": [
            {
                "name": name,
                "cluster": {"server": item.url, "certificate-authority-data": item.certificate_authority},
            }
            for name, item in contexts.items()
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "me"}} for name in contexts],
        "users": [{"name": "me", "user": {"token": token}}],
    }
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Config", **document})


@contextlib.contextmanager
def github_job(monkeypatch: pytest.MonkeyPatch, token: Callable[[str], str]) -> Generator[Server]:
    """Be a job of GitHub that may ask for tokens.

    Args:
        monkeypatch: Of the test.
        token: Audience -> the token for it.
    """

    def answer(request: Handler) -> None:
        audience = request.path.rpartition("audience=")[2]
        request.reply(200, json.dumps({"value": token(audience)}).encode())

    with serving(answer) as server:
        monkeypatch.setenv(JOB[0], f"{server.url}/token?api-version=2.0")
        monkeypatch.setenv(JOB[1], "of the runner")
        yield server
