"""One spec, built in the smallest program there is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pulumi

from components.base import Outputs, Spec, Tier
from components.catalogue import AnySpec, build, flavor_of, flavors, kind_of
from components.component import Component
from components.conformance.standins import STAND_IN, example_place, examples, is_of_cloud, needs_of, parameters
from components.ingress.contract import IngressOutputs
from components.recording import RecordedResource, record

PACKAGES = ("aws", "kubernetes", "random", "tls")
"""Packages of which a case hands an explicit provider to the component."""


@dataclass(frozen=True)
class Built:
    """A component and all that its program registered."""

    component: Component[Any]
    """The component itself."""
    resources: list[RecordedResource]
    """All that the program registered, sorted by URN."""

    @cached_property
    def root(self) -> RecordedResource:
        """The registration of the component."""
        kind, name = kind_of(type(self.component.spec)), type(self.component).__name__
        return next(item for item in self.resources if item.type.endswith(f":{kind}:{name}"))

    @cached_property
    def children(self) -> list[RecordedResource]:
        """What the component registered, at any depth."""
        inside = f"{self.root.urn.split('::')[2]}$"
        return [item for item in self.resources if item.urn.split("::")[2].startswith(inside)]

    @cached_property
    def managed(self) -> list[RecordedResource]:
        """The children that a provider manages."""
        return [item for item in self.children if item.custom]

    @cached_property
    def needed(self) -> set[str]:
        """URNs of all that the needs call ready."""
        return {item.urn for item in self.resources if item.type == STAND_IN}


@dataclass(frozen=True)
class Case:
    """One spec, with stand-ins for what it needs."""

    spec: Spec[Any]
    """The values to build."""
    needs: Callable[[AnySpec], Mapping[str, Outputs]] = needs_of
    """Makes the needs inside the program; give your own where a stand-in will not do."""
    cloud: bool = True
    """Whether it is built in an account of AWS; without, in a cluster that has none."""
    _known: dict[tuple[Tier, bool, bool], Built] = field(default_factory=dict[tuple[Tier, bool, bool], Built])

    def __str__(self) -> str:
        return f"{kind_of(type(self.spec))}-{flavor_of(type(self.spec))}"

    def built(self, tier: Tier = Tier.DEV, *, preview: bool = False, longest: bool = False) -> Built:
        """Build it in an empty program; the same question is answered once."""
        question = (tier, preview, longest)
        if question not in self._known:
            self._known[question] = self._record(tier, preview=preview, longest=longest)
        return self._known[question]

    def _record(self, tier: Tier, *, preview: bool, longest: bool) -> Built:
        made: list[Component[Any]] = []
        kind = kind_of(type(self.spec))
        place = example_place(tier, longest=longest, cloud=self.cloud)
        where = {"place": place} if "place" in parameters(type(self.spec)) else {}
        needs = self.needs if self.cloud else _without_cloud(self.needs)

        def program() -> None:
            opts = pulumi.ResourceOptions(providers=[pulumi.ProviderResource(name, name, {}) for name in PACKAGES])
            made.append(build(kind.replace("_", "-"), self.spec, **where, **needs(type(self.spec)), opts=opts))

        resources = record(program, preview=preview)
        return Built(made[0], resources)


def cases(*specs: AnySpec) -> list[Case]:
    """Return the cases of flavors, or of the whole catalogue: what is required only, and every example.

    A flavor whose place is any `Place` is built with AWS and without.
    """
    return [
        Case(spec, cloud=cloud)
        for flavor in specs or flavors()
        for cloud in ((True,) if is_of_cloud(flavor) else (True, False))
        for spec in examples(flavor)
    ]


def _without_cloud(needs: Callable[[AnySpec], Mapping[str, Outputs]]) -> Callable[[AnySpec], Mapping[str, Outputs]]:
    """Make the needs as they are in a cluster without a cloud: routes attach to a gateway."""

    def made(spec: AnySpec) -> Mapping[str, Outputs]:
        return {name: _at_a_gateway(outputs) for name, outputs in needs(spec).items()}

    return made


def _at_a_gateway(outputs: Outputs) -> Outputs:
    if not isinstance(outputs, IngressOutputs):
        return outputs
    return dataclasses.replace(outputs, class_name=None, gateway=outputs.domain.apply(lambda _: "gateway/main"))
