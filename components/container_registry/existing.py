"""A container registry that somebody else runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.component import Component
from components.container_registry.contract import ContainerRegistryOutputs, ExistingSpec

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place


class ExistingContainerRegistry(Component[ContainerRegistryOutputs]):
    """The promises of a registry that is already there; no resources."""

    def __init__(self, name: str, spec: ExistingSpec, *, place: Place, opts: ResourceOptions | None = None) -> None:  # noqa: ARG002
        super().__init__(name, spec, opts)
        self.outputs = self.promise(
            ContainerRegistryOutputs(
                uri=Output.from_input(spec.uri), encryption_key=Output.from_input(spec.encryption_key)
            )
        )
