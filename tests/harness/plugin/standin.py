"""The conversation with the engine: what is the same for every provider of ours."""

from __future__ import annotations

import abc
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pulumi.provider.experimental import provider as engine

from tests.harness.plugin.calls import Calls
from tests.harness.plugin.changes import Change, Grown, first, same
from tests.harness.plugin.wire import UNKNOWN, plain, secret_keys, wire

INPUTS = "__in"
"""Where the state keeps the inputs: the engine gives none to `diff`."""

Inputs = dict[str, Any]


class StandIn(engine.Provider):
    """A provider whose resources are made somewhere near; a subclass says how.

    Args:
        folder: What is kept, what was called, and which create is to fail.
    """

    def __init__(self, folder: Path) -> None:
        self._calls = Calls(folder)

    @abc.abstractmethod
    def problems(self, type_: str, given: Inputs) -> Iterable[tuple[str, str]]:
        """Return the path of every wrong input, and what is wrong with it."""

    @abc.abstractmethod
    def filled(self, type_: str, given: Inputs, old: Inputs, named: tuple[str, bytes]) -> Inputs:
        """Return the inputs with what the provider adds: names from the logical name and a seed, defaults."""

    @abc.abstractmethod
    def changes(self, type_: str, old: Inputs, new: Inputs) -> dict[str, Change]:
        """Return what changed by its path."""

    @abc.abstractmethod
    def is_fixed(self, type_: str, inputs: Inputs) -> bool:
        """Return whether two of it cannot exist at once, so that a replacement deletes first."""

    @abc.abstractmethod
    def outputs_of(self, type_: str) -> Iterable[str]:
        """Return the names of what it has once it is made."""

    @abc.abstractmethod
    def make(self, type_: str, inputs: Inputs) -> str:
        """Make it and return its id."""

    @abc.abstractmethod
    def look(self, type_: str, id_: str, inputs: Inputs) -> dict[str, Any]:
        """Return what is live: inputs as they are now, and what was computed."""

    @abc.abstractmethod
    def alter(self, type_: str, id_: str, inputs: Inputs, changed: set[str]) -> None:
        """Change it in place."""

    @abc.abstractmethod
    def remove(self, type_: str, id_: str, inputs: Inputs) -> None:
        """Delete it."""

    @abc.abstractmethod
    def is_gone(self, error: Exception) -> bool:
        """Return whether an error says that the thing does not exist."""

    def current(self, given: Any, live: Any) -> Any:
        """Return an input as it is now: as it was given, where that means the same."""
        found = {key: live[key] for key in given if key in live} if isinstance(live, Grown) else live
        return given if same(given, found) else found

    async def check(self, request: engine.CheckRequest) -> engine.CheckResponse:
        """Refuse what cannot be; add what the provider adds."""
        type_, given = type_of(request), plain(request.new_inputs)
        if failures := [engine.CheckFailure(path, reason) for path, reason in self.problems(type_, given)]:
            return engine.CheckResponse(inputs=request.new_inputs, failures=failures)
        filled = self.filled(type_, given, plain(request.old_inputs), (request.name, request.random_seed))
        return engine.CheckResponse(inputs=wire(filled, secret_keys(request.new_inputs)))

    async def diff(self, request: engine.DiffRequest) -> engine.DiffResponse:
        """Compare with the inputs in the state."""
        type_, new = type_of(request), plain(request.new_inputs)
        found = self.changes(type_, plain(request.old_state).get(INPUTS, {}), new)
        replaces = sorted({first(path) for path, change in found.items() if change.replaces})
        return engine.DiffResponse(
            changes=bool(found),
            diffs=sorted({first(path) for path in found}),
            replaces=replaces,
            delete_before_replace=bool(replaces) and self.is_fixed(type_, new),
            detailed_diff={path: engine.PropertyDiff(change.kind, input_diff=True) for path, change in found.items()},
        )

    async def create(self, request: engine.CreateRequest) -> engine.CreateResponse:
        """Make it; in a preview say only what is known."""
        type_, inputs, secrets = type_of(request), plain(request.properties), secret_keys(request.properties)
        if request.preview:
            later = dict.fromkeys(set(self.outputs_of(type_)) - set(inputs), UNKNOWN)
            return engine.CreateResponse("", wire(later | inputs, secrets))
        self._calls.fail_if_told(request.urn)
        id_ = self.make(type_, inputs)
        self._calls.note("create", request.urn, id_)
        return engine.CreateResponse(id_, self._state(type_, id_, inputs, secrets))

    async def read(self, request: engine.ReadRequest) -> engine.ReadResponse:
        """Say what is live."""
        type_, id_ = type_of(request), request.resource_id
        inputs = plain(request.inputs) or plain(request.properties).get(INPUTS, {})
        secrets = secret_keys(request.properties) | secret_keys(request.inputs)
        try:
            live = self.look(type_, id_, inputs)
        except Exception as error:
            if self.is_gone(error):
                return engine.ReadResponse("", {}, {})
            raise
        now = {key: self.current(value, live[key]) if key in live else value for key, value in inputs.items()}
        return engine.ReadResponse(id_, _whole(now, live, secrets), wire(now, secrets))

    async def update(self, request: engine.UpdateRequest) -> engine.UpdateResponse:
        """Change it in place."""
        type_, inputs, secrets = type_of(request), plain(request.news), secret_keys(request.news)
        if request.preview:
            return engine.UpdateResponse(wire(plain(request.olds) | inputs, secrets))
        found = self.changes(type_, plain(request.olds).get(INPUTS, {}), inputs)
        if changed := {first(path) for path in found}:
            self.alter(type_, request.resource_id, inputs, changed)
        self._calls.note("update", request.urn, request.resource_id)
        return engine.UpdateResponse(self._state(type_, request.resource_id, inputs, secrets))

    async def delete(self, request: engine.DeleteRequest) -> None:
        """Delete it; what is gone already is deleted."""
        try:
            self.remove(type_of(request), request.resource_id, plain(request.properties).get(INPUTS, {}))
        except Exception as error:
            if not self.is_gone(error):
                raise
        self._calls.note("delete", request.urn, request.resource_id)

    def _state(self, type_: str, id_: str, inputs: Inputs, secrets: set[str]) -> Mapping[str, Any]:
        return _whole(inputs, self.look(type_, id_, inputs), secrets)


def settings(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a provider: whatever is not text travels as JSON."""
    return {key: _parsed(value) for key, value in plain(args).items()}


def type_of(request: Any) -> str:
    """Return the type of a resource; the engine's own property has the types of all parents before it."""
    return request.type.rsplit("$", 1)[-1]


def _whole(inputs: Inputs, live: dict[str, Any], secrets: set[str]) -> Mapping[str, Any]:
    shown = {key: value for key, value in inputs.items() if not key.startswith("__")}
    found = shown | {key: value for key, value in live.items() if value is not None} | {INPUTS: inputs}
    return wire(found, secrets | {INPUTS} if secrets else set())


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
    except ValueError:
        return value
