"""Resources that are nothing but their values: the state is the only place that holds them."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pulumi import CustomResource, _types
from pulumi.provider.experimental import provider as engine

from tests.harness.plugin.changes import Change, compare
from tests.harness.plugin.classes import Fields, fields_of, unknown_properties, wrong_types
from tests.harness.plugin.standin import Inputs, StandIn, type_of


@dataclass(frozen=True)
class Row:
    """What there is to know of a type."""

    made: type[CustomResource]
    """The class of the SDK."""
    arguments: type
    """The class of its inputs."""
    secret: frozenset[str]
    """Outputs that are secret, whatever the program says."""
    defaults: Mapping[str, Any]
    """What the provider fills in."""
    missing: Mapping[str, str]
    """Output that the stand-in does not have -> why."""

    @property
    def fields(self) -> Fields:
        """Its inputs."""
        return fields_of(self.arguments)


class LogicalStandIn(StandIn):
    """A provider that makes values once: no change alters one, each replaces it; a refresh finds what the state has."""

    rows: Mapping[str, Row]
    """Type -> what there is to know of it."""

    @abc.abstractmethod
    def generate(self, type_: str, inputs: Inputs) -> tuple[str, dict[str, Any]]:
        """Return id and outputs of a new one."""

    @abc.abstractmethod
    def wrong(self, type_: str, given: Inputs) -> Iterable[tuple[str, str]]:
        """Yield the path of every input that has a value which cannot be, and what is wrong with it."""

    async def configure(self, request: engine.ConfigureRequest) -> engine.ConfigureResponse:
        """Take no settings."""
        return engine.ConfigureResponse(supports_preview=True, accept_secrets=True)

    async def create(self, request: engine.CreateRequest) -> engine.CreateResponse:
        """Make it; what is secret is so, whatever the program says."""
        made = await super().create(request)
        secret = self.rows[type_of(request)].secret
        shown = {name: value.with_secret(True) if name in secret else value for name, value in made.properties.items()}
        return engine.CreateResponse(made.resource_id, shown)

    async def read(self, request: engine.ReadRequest) -> engine.ReadResponse:
        """Say what the state has."""
        return engine.ReadResponse(request.resource_id, request.properties, request.inputs)

    def problems(self, type_: str, given: Inputs) -> Iterable[tuple[str, str]]:
        """Return what the SDK does not know, or the provider would not take."""
        if type_ not in self.rows:
            return [("", f"{type_}: nobody taught the stand-in; see docs/fidelity.md")]
        fields = self.rows[type_].fields
        plain = [*unknown_properties(given, fields), *wrong_types(given, fields)]
        return plain or self.wrong(type_, given)

    def filled(self, type_: str, given: Inputs, old: Inputs, named: tuple[str, bytes]) -> Inputs:
        """Add the defaults."""
        return {**self.rows[type_].defaults, **given}

    def changes(self, type_: str, old: Inputs, new: Inputs) -> dict[str, Change]:
        """Return what changed; all of it replaces."""
        return {path: Change(what, replaces=True) for path, what in compare(old, new)}

    def is_fixed(self, type_: str, inputs: Inputs) -> bool:
        """Return that any number of them can exist."""
        return False

    def outputs_of(self, type_: str) -> Iterable[str]:
        """Return what the SDK has as outputs."""
        return _outputs(self.rows[type_].made) - set(self.rows[type_].missing)

    def make(self, type_: str, inputs: Inputs) -> str:
        """Make it, and remember it until it is looked at."""
        id_, self._last = self.generate(type_, inputs)
        return id_

    def look(self, type_: str, id_: str, inputs: Inputs) -> dict[str, Any]:
        """Return what was just made."""
        return self._last

    def alter(self, type_: str, id_: str, inputs: Inputs, changed: set[str]) -> None:
        """Refuse: whatever changes replaces."""
        raise NotImplementedError(f"{type_}: cannot be changed in place")

    def remove(self, type_: str, id_: str, inputs: Inputs) -> None:
        """Do nothing: it goes with the state."""

    def is_gone(self, error: Exception) -> bool:
        """Return that none is ever gone."""
        return False


@cache
def _outputs(made: type[CustomResource]) -> frozenset[str]:
    return frozenset(_types.resource_types(made))
