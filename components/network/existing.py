"""A network that somebody else owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.component import Component
from components.network.contract import ExistingSpec, NetworkOutputs

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place


class ExistingNetwork(Component[NetworkOutputs]):
    """The promises of a network that is already there; no resources."""

    def __init__(self, name: str, spec: ExistingSpec, *, place: Place, opts: ResourceOptions | None = None) -> None:  # noqa: ARG002
        super().__init__(name, spec, opts)
        self.outputs = self.promise(
            NetworkOutputs(
                vpc_id=Output.from_input(spec.vpc_id),
                cidr=Output.from_input(spec.cidr),
                public_subnet_ids=_known(spec.public_subnet_ids),
                private_subnet_ids=_known(spec.private_subnet_ids),
                isolated_subnet_ids=_known(spec.isolated_subnet_ids),
            )
        )


def _known(ids: dict[str, str]) -> dict[str, Output[str]]:
    return {zone: Output.from_input(subnet) for zone, subnet in sorted(ids.items())}
