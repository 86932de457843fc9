"""What turns one spec into resources."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, Generic, cast
from weakref import WeakKeyDictionary

import pulumi

from components.base import Outputs, OutputsT, Spec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Component(pulumi.ComponentResource, Generic[OutputsT]):
    """One flavor of a kind, `Class(name, spec, *, <needs by contract>, opts=None)`.

    Its type token is `stackwright:<kind>:<Class>`, the kind being the folder of its module. Name and token are
    public: a rename ships with `aliases`.
    """

    outputs: OutputsT
    """What `promise` returned."""

    spec: Spec[OutputsT]
    """What it was built from."""

    package: ClassVar[str] = "stackwright"
    """First part of the type token; an organisation's own flavors may say their own."""

    def __init__(
        self, name: str, spec: Spec[OutputsT], opts: pulumi.ResourceOptions | None, *needs: Outputs | None
    ) -> None:
        self._children: list[pulumi.Resource] = []
        self._needed = _last([resource for need in needs if need for resource in need.ready])
        self.spec = spec
        kind = type(self).__module__.split(".")[-2]
        watched = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transformations=[self._note]))
        super().__init__(f"{self.package}:{kind}:{type(self).__name__}", name, {}, watched)

    @property
    def child(self) -> pulumi.ResourceOptions:
        """Options of a child: its parent is this component, and it waits for all that the needs call ready."""
        return self.child_with()

    def child_with(self, *, depends_on: Sequence[pulumi.Resource] = (), **options: Any) -> pulumi.ResourceOptions:
        """Return the options of a child with more options; `depends_on` adds to what the needs call ready."""
        return pulumi.ResourceOptions(parent=self, depends_on=[*self._needed, *depends_on], **options)

    def data(self, **options: Any) -> pulumi.ResourceOptions:
        """Return the options of a child that holds data: it waits for nothing but what its own inputs name.

        A destroy that may not delete it keeps all that it waits for, too, and the engine looks for that along every
        path of dependencies.
        """
        return pulumi.ResourceOptions(parent=self, **options)

    def promise(self, outputs: OutputsT) -> OutputsT:
        """Return the outputs with every resource of this component as `ready`; call it last."""
        values = {field.name: getattr(outputs, field.name) for field in dataclasses.fields(outputs)}
        self.register_outputs({name: value for name, value in values.items() if name != "ready"})
        return dataclasses.replace(outputs, ready=tuple(self._children))

    def _note(self, made: pulumi.ResourceTransformationArgs) -> None:
        if isinstance(made.resource, pulumi.CustomResource):
            self._children.append(made.resource)
            _BEFORE[made.resource] = _and_before(cast("Sequence[pulumi.Resource]", made.opts.depends_on or ()))


_BEFORE: WeakKeyDictionary[pulumi.Resource, frozenset[pulumi.Resource]] = WeakKeyDictionary()
"""Resource -> all that it was told to wait for, through others too."""


def _and_before(resources: Sequence[pulumi.Resource]) -> frozenset[pulumi.Resource]:
    return frozenset(resources).union(*(_BEFORE.get(resource, frozenset()) for resource in resources))


def _last(resources: Sequence[pulumi.Resource]) -> list[pulumi.Resource]:
    """Return those that no other one waits for: who waits for them, waits for all.

    An edge to each of the others would say nothing more, and there would be thousands: after an error in a destroy the
    engine walks every path of them.
    """
    waited = frozenset[pulumi.Resource]().union(*(_BEFORE.get(resource, frozenset()) for resource in resources))
    return [resource for resource in dict.fromkeys(resources) if resource not in waited]
