"""What this process asks of AWS: service, operation, resource, and as whom."""

from __future__ import annotations

import contextlib
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

if TYPE_CHECKING:
    from collections.abc import Generator

DIGEST = re.compile(r"[0-9a-f]{64}")
KEY_ID = re.compile(r"key/[0-9a-f-]{36}")


@dataclass
class Call:
    """One request, without what is another one each time."""

    service: str
    operation: str
    resource: str
    identity: str = "nobody"
    """Access key of whoever made it."""
    asked: str = ""
    """The same resource as it was asked for."""

    def line(self, **more: str) -> dict[str, str]:
        """Return it for a list that is checked in."""
        said = {name: value for name, value in asdict(self).items() if name not in {"asked", "identity"}}
        return more | said


@contextlib.contextmanager
def recorded_calls() -> Generator[list[Call]]:
    """Record the calls of every client that is made by `boto3.client` in here; calls go on to where they would."""
    calls = list[Call]()

    def begin(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        asked = _resource(params)
        shown = KEY_ID.sub("key/<id>", DIGEST.sub("<digest>", asked))
        context["call"] = Call(model.service_model.service_name, model.name, shown, asked=asked)
        calls.append(context["call"])

    def signed(request: Any, request_signer: Any, **_: Any) -> None:
        request.context["call"].identity = request_signer._credentials.access_key

    session = boto3.Session()
    session.events.register("provide-client-params", begin)
    session.events.register("before-sign", signed)
    with mock.patch.object(boto3, "DEFAULT_SESSION", session):
        yield calls


def _resource(params: dict[str, Any]) -> str:
    if "Bucket" in params:
        return "/".join(filter(None, [params["Bucket"], params.get("Key", params.get("Prefix"))]))
    return str(params.get("KeyId") or params.get("SecretId") or params.get("RoleArn") or "")


@contextlib.contextmanager
def served_calls() -> Generator[list[str]]:
    """Record what moto's servers are asked by other processes, as `PUT bucket/key` or `TrentService.Sign`."""
    calls = list[str]()
    ordinary = DomainDispatcherApplication.__call__

    def noted(self: Any, environ: dict[str, Any], start_response: Any) -> Any:
        target = environ.get("HTTP_X_AMZ_TARGET")
        asked = target or f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        calls.append(KEY_ID.sub("key/<id>", DIGEST.sub("<digest>", asked)))
        return ordinary(self, environ, start_response)

    with mock.patch.object(DomainDispatcherApplication, "__call__", noted):
        yield calls
