"""A namespace in memory, for states that a control plane shows too seldom, or too late, to be tested with."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from components.errors import UserError

Object = dict[str, Any]


@dataclass
class Namespace:
    """Objects by kind and name; after each change, `react` does what controllers do."""

    namespace: str = "project-toy"
    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    """Container -> the end of its log."""
    react: Callable[[Namespace], None] = lambda _: None
    refuses: str = ""
    """Kind that nobody may change."""

    def get(self, kind: str, name: str) -> Object | None:
        return _copy(self.objects.get(kind, {}).get(name))

    def find(self, kind: str, *, labels: str = "", fields: str = "") -> list[Object]:
        wanted = dict(pair.split("=") for pair in labels.split(",") if pair)
        found = self.objects.get(kind, {}).values()
        return [_copy(item) for item in found if wanted.items() <= (item["metadata"].get("labels") or {}).items()]

    def preview(self, body: Object) -> Object:
        return self._merged(body)

    def apply(self, body: Object) -> Object:
        kind, name = body["kind"], body["metadata"]["name"]
        if kind == self.refuses:
            raise UserError(f"namespace `{self.namespace}`: {kind} `{name}`: refused: not here")
        self.objects.setdefault(kind, {})[name] = self._merged(body)
        self.react(self)
        return _copy(self.objects[kind][name])

    def delete(self, kind: str, name: str) -> bool:
        return self.objects.get(kind, {}).pop(name, None) is not None

    def log(self, pod: str, container: str, *, previous: bool) -> str:
        return self.logs.get(container, "")

    def _merged(self, body: Object) -> Object:
        """Return an object as it is applied, its status and the number of its copies kept."""
        live = self.objects.get(body["kind"], {}).get(body["metadata"]["name"], {})
        found: Object = _copy(body)
        found["metadata"]["generation"] = live.get("metadata", {}).get("generation", 0) + 1
        if body["kind"] == "Deployment":
            found["spec"]["replicas"] = live.get("spec", {}).get("replicas", 1)
        return {**found, "status": live.get("status", {})}


def pod(name: str, digest: str, *containers: Object, ready: bool = False, **status: Any) -> Object:
    """Return a pod of the present spec, as a kubelet describes it."""
    conditions = [{"type": "Ready", "status": str(ready)}, *status.pop("conditions", [])]
    return {
        "metadata": {
            "name": name,
            "labels": {"stackwright/model": "toy", "pod-template-hash": "1"},
            "annotations": {"stackwright/digest": digest},
        },
        "spec": {"containers": [{"image": f"registry.acme.example/toy@{digest}"}]},
        "status": {"conditions": conditions, "containerStatuses": list(containers), **status},
    }


def waits(reason: str, message: str = "", restarts: int = 0, code: int | None = None) -> Object:
    """Return a container that does not run."""
    ended = {} if code is None else {"lastState": {"terminated": {"exitCode": code}}}
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "server", "ready": False, "restartCount": restarts, "state": state, **ended}


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))
