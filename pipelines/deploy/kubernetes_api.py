"""The objects of one namespace, as plain documents: read, applied server-side, deleted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines import writes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipelines.cluster import Cluster

    Document = dict[str, Any]

MANAGER = "stackwright"
"""Owner of the fields that are applied."""

PATHS = {
    "Deployment": "apis/apps/v1/{}/deployments",
    "Event": "api/v1/{}/events",
    "HTTPRoute": "apis/gateway.networking.k8s.io/v1/{}/httproutes",
    "HorizontalPodAutoscaler": "apis/autoscaling/v2/{}/horizontalpodautoscalers",
    "Ingress": "apis/networking.k8s.io/v1/{}/ingresses",
    "Pod": "api/v1/{}/pods",
    "PodDisruptionBudget": "apis/policy/v1/{}/poddisruptionbudgets",
    "ReplicaSet": "apis/apps/v1/{}/replicasets",
    "Service": "api/v1/{}/services",
}
"""Where the API has the kinds that a deployment is about."""

REFUSALS = {400, 403, 409, 422}
"""What the API server answers with a reason that is about what was asked."""

APPLIED = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Objects:
    """The objects of one namespace."""

    cluster: Cluster
    namespace: str

    def get(self, kind: str, name: str) -> Document | None:
        """Return one object, or nothing."""
        return self._ask("GET", f"{self._path(kind)}/{name}", f"{kind} `{name}`")

    def find(self, kind: str, *, labels: str = "", fields: str = "") -> list[Document]:
        """Return the objects that selectors choose, by name."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        chosen = {key: value for key, value in query.items() if value}
        found: Document = self._ask("GET", self._path(kind), f"{kind}s", chosen) or {}
        items: list[Document] = found.get("items") or []
        return sorted(items, key=lambda item: item["metadata"]["name"])

    def preview(self, body: Document) -> Document:
        """Return what an object would be after `apply`; nothing is changed."""
        return self._apply(body, {"dryRun": "All"})

    def apply(self, body: Document) -> Document:
        """Make an object say what `body` does; fields that are no longer in it go, those of others stay."""
        return writes.change_cluster(self._apply, body, {})

    def delete(self, kind: str, name: str) -> bool:
        """Delete an object; one that has pods is gone after them. `False` when it is not there."""
        return writes.change_cluster(self._delete, kind, name)

    def log(self, pod: str, container: str, *, previous: bool) -> str:
        """Return the last lines of a container; nothing where there are none to be had."""
        query = {"container": container, "tailLines": "5"} | ({"previous": "true"} if previous else {})
        try:
            with self.cluster.explained(f"Pod `{pod}`", "get on logs"):
                return self._send("GET", f"{self._path('Pod')}/{pod}/log", query, None, "*/*") or ""
        except UserError:
            return ""

    def _apply(self, body: Document, query: Mapping[str, str]) -> Document:
        kind, name = body["kind"], body["metadata"]["name"]
        settings = {"fieldManager": MANAGER, "force": "true", "fieldValidation": "Strict", **query}
        found = self._ask("PATCH", f"{self._path(kind)}/{name}", f"{kind} `{name}`", settings, body)
        if found is None:
            raise UserError(f"namespace `{self.namespace}`: the cluster has none, or it does not know {kind}")
        return found

    def _delete(self, kind: str, name: str) -> bool:
        query = {"propagationPolicy": "Foreground" if kind == "Deployment" else "Background"}
        return self._ask("DELETE", f"{self._path(kind)}/{name}", f"{kind} `{name}`", query) is not None

    def _ask(
        self, method: str, path: str, what: str, query: Mapping[str, str] | None = None, body: Document | None = None
    ) -> Any:
        where = f"namespace `{self.namespace}`: {what}"
        with self.cluster.explained(where, "the rights of the group that deploys"):
            text = self._send(method, path, query or {}, body, "application/json", where)
        return None if text is None else json.loads(text)

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Document | None,
        accepted: str,
        where: str = "",
    ) -> str | None:
        """Send one request; nothing when the object is not there."""
        from kubernetes.client import ApiException

        from pipelines.cluster import PATIENCE

        headers = {"Accept": accepted} | ({"Content-Type": APPLIED} if body else {})
        api: Any = self.cluster.api
        request = api.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = api.call_api(*request, _request_timeout=PATIENCE)
        text = (answer.read() or b"").decode(errors="replace")
        if answer.status == 404:
            return None
        if answer.status in REFUSALS:
            raise UserError(f"{where}: refused: {_message(text)}")
        if answer.status >= 300:
            raise ApiException(http_resp=answer, body=text)
        return text

    def _path(self, kind: str) -> str:
        return "/" + PATHS[kind].format(f"namespaces/{self.namespace}")


def _message(text: str) -> str:
    """Return the reason in an answer of the API server, as one line."""
    try:
        said = str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        said = text
    return " ".join(said.split())[:1000]
