"""The Kubernetes provider: what the engine calls."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pulumi.provider.experimental import provider as engine
from pulumi.runtime.proto import provider_pb2 as proto

from pipelines.plan.kubernetes_types import FIXED, effect
from pipelines.plan.schemas import Effect
from tests.harness.kubernetes_plugin import names, problems
from tests.harness.kubernetes_plugin.clusters import server_of
from tests.harness.kubernetes_plugin.kinds import group_of, is_release, namespaced, outputs_of, split
from tests.harness.kubernetes_plugin.objects import MissingError, Object, Objects, Recorder, Reference
from tests.harness.kubernetes_plugin.status import status_of
from tests.harness.plugin.changes import Change, compare, first
from tests.harness.plugin.standin import Inputs, StandIn, settings

_MUTABLE = {
    "kubernetes:core/v1:ConfigMap": "enableConfigMapMutable",
    "kubernetes:core/v1:Secret": "enableSecretMutable",
}


class KubernetesStandIn(StandIn):
    """Kubernetes, as far as docs/fidelity.md says.

    Args:
        folder: What is kept, what was called, and which create is to fail.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder
        self._settings: Mapping[str, Any] = {}

    async def configure(self, request: engine.ConfigureRequest) -> engine.ConfigureResponse:
        """Remember the settings; only what is really made needs a cluster."""
        self._settings = settings(request.args)
        return engine.ConfigureResponse(supports_preview=True, accept_secrets=True)

    async def diff_config(self, request: engine.DiffRequest) -> engine.DiffResponse:
        """Replace the provider, and with it all that it made, where the cluster is another one."""
        old, new = settings(request.old_state), settings(request.new_inputs)
        changed = sorted({first(path) for path, _ in compare(old, new)})
        other = "clusterIdentifier" if {"clusterIdentifier"} & {*old, *new} else "kubeconfig"
        some = proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE  # the SDK hands it on as it is
        return engine.DiffResponse(some, [other] if other in changed else [], diffs=changed)

    def problems(self, type_: str, given: Inputs) -> Iterable[tuple[str, str]]:
        """Return what `pulumi_kubernetes` does not know or an API server would not take."""
        return problems.found(type_, given)

    def filled(self, type_: str, given: Inputs, old: Inputs, named: tuple[str, bytes]) -> Inputs:
        """Add a name."""
        return names.fill(type_, given, old, named)

    def changes(self, type_: str, old: Inputs, new: Inputs) -> dict[str, Change]:
        """Return what changed, and whether an API server would take it."""
        return {path: Change(what, self._replaces(type_, path)) for path, what in compare(old, new, operator.eq)}

    def is_fixed(self, type_: str, inputs: Inputs) -> bool:
        """Return whether the program gave the name."""
        return names.is_fixed(inputs)

    def outputs_of(self, type_: str) -> Iterable[str]:
        """Return what `pulumi_kubernetes` has as outputs."""
        return outputs_of(type_)

    def make(self, type_: str, inputs: Inputs) -> str:
        """Make it."""
        at = self._reference(type_, inputs)
        self._objects.create(at, _wanted(at, inputs))
        return at.id

    def look(self, type_: str, id_: str, inputs: Inputs) -> dict[str, Any]:
        """Return what is live."""
        at = self._reference(type_, inputs)
        live = self._objects.read(at)
        shown = live if not is_release(type_) else {key: live[key] for key in live if key != "metadata"}
        return {**shown, **status_of(at, live)}

    def alter(self, type_: str, id_: str, inputs: Inputs, changed: set[str]) -> None:
        """Change it."""
        at = self._reference(type_, inputs)
        self._objects.replace(at, _wanted(at, inputs))

    def remove(self, type_: str, id_: str, inputs: Inputs) -> None:
        """Delete it."""
        self._objects.delete(self._reference(type_, inputs))

    def is_gone(self, error: Exception) -> bool:
        """Return whether there is no such object."""
        return isinstance(error, MissingError)

    def current(self, given: Any, live: Any) -> Any:
        """Return an input as it is now; what others added to the object is not ours."""
        if isinstance(given, dict) and isinstance(live, dict):
            return {key: self.current(value, live[key]) for key, value in given.items() if key in live}
        return live

    @property
    def _objects(self) -> Objects:
        """Where objects are kept."""
        server = server_of(self._settings.get("kubeconfig"), self._folder)
        return Recorder(self._folder / "objects.json", server)

    def _reference(self, type_: str, inputs: Inputs) -> Reference:
        api_version, kind = split(type_)
        asked = names.namespace_of(type_, inputs) or self._settings.get("namespace") or "default"
        namespace = asked if namespaced(type_) else ""
        return Reference(group_of(api_version), kind, namespace, names.name_of(type_, inputs) or "")

    def _replaces(self, type_: str, path: str) -> bool:
        if is_release(type_):
            return path in ("name", "namespace")
        found = effect(type_, path)
        if self._settings.get(_MUTABLE.get(type_, "")) in (True, "true") and not path.startswith("metadata"):
            return False
        known = type_.removeprefix("kubernetes:") in FIXED
        return found is Effect.REPLACES or (known and found is Effect.MAY_REPLACE)


def _wanted(at: Reference, inputs: Inputs) -> Object:
    """Return the object as it is sent: with its namespace, without what is only for the provider."""
    asked = {key: value for key, value in inputs.items() if not key.startswith("__")}
    placed = {"namespace": at.namespace} if at.namespace else {}
    return asked | {"metadata": {**(inputs.get("metadata") or {}), "name": at.name, **placed}}
