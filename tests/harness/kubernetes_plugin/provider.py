"""The Kubernetes provider: what the engine calls."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from pulumi.provider.experimental import provider as engine
from pulumi.runtime.proto import provider_pb2 as proto

from pipelines.plan.kubernetes_types import FIXED, effect
from pipelines.plan.schemas import Effect
from tests.harness.kubernetes_plugin import live as alive
from tests.harness.kubernetes_plugin import names, problems
from tests.harness.kubernetes_plugin.clusters import cluster_of
from tests.harness.kubernetes_plugin.kinds import group_of, is_release, namespaced, outputs_of, split
from tests.harness.kubernetes_plugin.objects import MissingError, Object, Objects, Recorder, Reference
from tests.harness.kubernetes_plugin.partial import PartialError
from tests.harness.kubernetes_plugin.server import ServerObjects
from tests.harness.kubernetes_plugin.status import status_of
from tests.harness.kubernetes_plugin.waiting import UnreadyError, asked_seconds
from tests.harness.plugin.changes import Change, compare, first
from tests.harness.plugin.standin import INPUTS, Inputs, StandIn, settings, type_of
from tests.harness.plugin.wire import plain, secret_keys

_MUTABLE = {
    "kubernetes:core/v1:ConfigMap": "enableConfigMapMutable",
    "kubernetes:core/v1:Secret": "enableSecretMutable",
}


Answer = TypeVar("Answer")

_AT_ONCE = 64
"""Operations on a real API server at a time; each waits, some of them for others."""


class KubernetesStandIn(StandIn):
    """Kubernetes, as far as docs/fidelity.md says.

    Args:
        folder: What is kept, what was called, and which create is to fail.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder = folder
        self._settings: Mapping[str, Any] = {}
        self._servers = dict[str, ServerObjects]()
        self._threads = ThreadPoolExecutor(_AT_ONCE)

    async def configure(self, request: engine.ConfigureRequest) -> engine.ConfigureResponse:
        """Remember the settings; only what is really made needs a cluster."""
        self._settings, self._servers = settings(request.args), {}
        return engine.ConfigureResponse(supports_preview=True, accept_secrets=True)

    async def diff_config(self, request: engine.DiffRequest) -> engine.DiffResponse:
        """Replace the provider, and with it all that it made, where the cluster is another one."""
        old, new = settings(request.old_state), settings(request.new_inputs)
        changed = sorted({first(path) for path, _ in compare(old, new)})
        other = "clusterIdentifier" if {"clusterIdentifier"} & {*old, *new} else "kubeconfig"
        some = proto.DiffResponse.DIFF_SOME if changed else proto.DiffResponse.DIFF_NONE  # the SDK hands it on as it is
        return engine.DiffResponse(some, [other] if other in changed else [], diffs=changed)

    async def create(self, request: engine.CreateRequest) -> engine.CreateResponse:
        """Make it, and wait until it is ready; what is made and not ready is told to the engine."""
        return await self._beside(self._create, request)

    async def update(self, request: engine.UpdateRequest) -> engine.UpdateResponse:
        """Change it in place, and wait until it is ready."""
        return await self._beside(self._update, request)

    async def delete(self, request: engine.DeleteRequest) -> None:
        """Delete it, and wait until it has gone."""
        await self._beside(super().delete, request)

    async def _create(self, request: engine.CreateRequest) -> engine.CreateResponse:
        try:
            return await super().create(request)
        except UnreadyError as error:
            id_ = self._reference(type_of(request), plain(request.properties)).id
            self._calls.note("create", request.urn, id_)
            raise self._partial(type_of(request), id_, request.properties, error.reasons) from error

    async def _update(self, request: engine.UpdateRequest) -> engine.UpdateResponse:
        type_, inputs = type_of(request), plain(request.news)
        try:
            if not request.preview and not self.changes(type_, plain(request.olds).get(INPUTS, {}), inputs):
                self.alter(type_, request.resource_id, inputs, set())  # it was not ready at the end of the last run
            return await super().update(request)
        except UnreadyError as error:
            raise self._partial(type_, request.resource_id, request.news, error.reasons) from error

    def _partial(self, type_: str, id_: str, given: Mapping[str, Any], reasons: list[str]) -> PartialError:
        state = self._state(type_, id_, plain(given), secret_keys(given))
        return PartialError(id_, state, given, reasons)

    async def _beside(self, ask: Callable[[Any], Awaitable[Answer]], request: Any) -> Answer:
        """Ask beside other operations where the cluster is real; what is only recorded is made one by one."""
        if getattr(request, "preview", False) or not self._is_real():
            return await ask(request)

        def run() -> Answer:
            asked_seconds.set(request.timeout or 0)
            return asyncio.run(_awaited(ask(request)))

        return await asyncio.get_running_loop().run_in_executor(self._threads, run)

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
        live = alive.readable(self._objects.read(at))
        shown = live if not is_release(type_) else {key: live[key] for key in live if key != "metadata"}
        return {**status_of(at, live), **shown}

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
        return alive.current(given, live)

    @property
    def _objects(self) -> Objects:
        """Where objects are kept."""
        cluster = cluster_of(self._settings, self._folder)
        if cluster.config is None:
            return Recorder(self._folder / "objects.json", cluster.server)
        if cluster.server not in self._servers:
            self._servers[cluster.server] = ServerObjects(cluster, self._folder)
        return self._servers[cluster.server]

    def _is_real(self) -> bool:
        """Return whether objects go to an API server; a cluster that nobody knows is complained of later."""
        try:
            return cluster_of(self._settings, self._folder).config is not None
        except ConnectionError:
            return False

    def _reference(self, type_: str, inputs: Inputs) -> Reference:
        api_version, kind = split(type_)
        asked = names.namespace_of(type_, inputs) or self._settings.get("namespace") or "default"
        namespace = asked if namespaced(type_) else ""
        name, version = names.name_of(type_, inputs) or "", api_version.rpartition("/")[2]
        return Reference(group_of(api_version), kind, namespace, name, version)

    def _replaces(self, type_: str, path: str) -> bool:
        if is_release(type_):
            return path in ("name", "namespace")
        if type_ in _MUTABLE and not path.startswith("metadata"):
            return self._settings.get(_MUTABLE[type_]) not in (True, "true")
        found = effect(type_, path)
        known = type_.removeprefix("kubernetes:") in FIXED
        return found is Effect.REPLACES or (known and found is Effect.MAY_REPLACE)


async def _awaited(answer: Awaitable[Answer]) -> Answer:
    return await answer


def _wanted(at: Reference, inputs: Inputs) -> Object:
    """Return the object as it is sent: with its namespace, without what is only for the provider."""
    asked = {key: value for key, value in inputs.items() if not key.startswith("__")}
    placed = {"namespace": at.namespace} if at.namespace else {}
    return asked | {"metadata": {**(inputs.get("metadata") or {}), "name": at.name, **placed}}
