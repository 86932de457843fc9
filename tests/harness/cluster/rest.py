"""Any object of any kind, as the API server speaks of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient

Object = dict[str, Any]

CONNECTION = urllib3.exceptions.HTTPError
"""What is raised where no API server answers."""
TIMEOUT_SECONDS = 60


class AnswerError(Exception):
    """The API server said no.

    Args:
        status: HTTP status.
        reason: In one word: `NotFound`, `Conflict`, `Invalid`, `Forbidden`.
        message: What is wrong.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass(frozen=True)
class Resource:
    """Where the objects of a kind are."""

    prefix: str
    """`/api/v1` or `/apis/<group>/<version>`."""
    plural: str
    namespaced: bool

    def path(self, namespace: str, name: str = "") -> str:
        """Return the path of an object, or of all where no name is given."""
        inside = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{self.prefix}{inside}/{self.plural}" + (f"/{name}" if name else "")


class Rest:
    """Requests with plain values in and out.

    Args:
        client: Who asks.
    """

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._known = dict[tuple[str, str], Resource]()

    def resource(self, api_version: str, kind: str) -> Resource:
        """Return where a kind is; a kind that nobody defined is `NotFound`."""
        if (api_version, kind) not in self._known:
            self._known |= self._discovered(api_version)
        try:
            return self._known[api_version, kind]
        except KeyError:
            raise AnswerError(404, "NotFound", f'no matches for kind "{kind}" in version "{api_version}"') from None

    def get(self, path: str, **query: Any) -> Object:
        """Return what is at a path."""
        return self.ask("GET", path, query)

    def items(self, api_version: str, kind: str, namespace: str = "", **query: Any) -> list[Object]:
        """Return all objects of a kind, in one namespace or in all."""
        return self.get(self.resource(api_version, kind).path(namespace), **query)["items"]

    def apply(self, wanted: Object, manager: str, *, force: bool = False, dry_run: bool = False) -> Object:
        """Apply an object server-side; a field that its kind does not have is refused."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", "force": str(force).lower()}
        query |= {"dryRun": "All"} if dry_run else {}
        return self.ask("PATCH", self.path_of(wanted), query, wanted, "application/apply-patch+yaml")

    def merge(self, path: str, change: Object) -> Object:
        """Change some fields, whoever owns them."""
        return self.ask("PATCH", path, {}, change, "application/merge-patch+json")

    def delete(self, path: str, **options: Any) -> Object:
        """Delete what is at a path."""
        return self.ask("DELETE", path, {}, {"propagationPolicy": "Background", **options})

    def path_of(self, item: Object) -> str:
        """Return the path of an object."""
        metadata = item["metadata"]
        resource = self.resource(item["apiVersion"], item["kind"])
        return resource.path(metadata.get("namespace", "default"), metadata["name"])

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Object | None = None,
        content: str = "application/json",
    ) -> Object:
        """Send a request and return the answer, or raise `AnswerError`."""
        headers = {"Accept": "application/json", "Content-Type": content}
        _, url, headers, *_ = self._client.param_serialize(
            method, path, header_params=headers, auth_settings=["BearerToken"]
        )
        answer = self._client.rest_client.pool_manager.request(
            method,
            f"{url}?{urlencode(query)}" if query else url,
            headers=headers,
            body=None if body is None else json.dumps(body).encode(),
            timeout=TIMEOUT_SECONDS,
            retries=False,
        )
        if answer.status >= 300:
            raise _error(answer.status, answer.data)
        return json.loads(answer.data) if answer.data[:1] in b"{[" else {}

    def _discovered(self, api_version: str) -> dict[tuple[str, str], Resource]:
        prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            found = self.get(prefix)["resources"]
        except AnswerError as error:
            if error.status == 404:
                return {}
            raise
        whole = [item for item in found if "/" not in item["name"]]
        return {(api_version, item["kind"]): Resource(prefix, item["name"], item["namespaced"]) for item in whole}


def _error(status: int, data: bytes) -> AnswerError:
    try:
        told = json.loads(data)
    except ValueError:
        told = {"message": data.decode(errors="replace")[:300]}
    return AnswerError(status, told.get("reason", ""), told.get("message", ""))
