"""Runners that somebody else operates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.component import Component
from components.runners.contract import ExistingSpec, RunnersOutputs

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.network.contract import NetworkOutputs


class ExistingRunners(Component[RunnersOutputs]):
    """The promises of runners that are already there; no resources."""

    def __init__(
        self,
        name: str,
        spec: ExistingSpec,
        *,
        place: Place,  # noqa: ARG002
        network: NetworkOutputs | None = None,
        services: ClusterServicesOutputs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, *(need for need in (network, services) if need))
        groups = {each: Output.from_input(id_) for each, id_ in sorted(spec.security_group_ids.items())}
        self.outputs = self.promise(RunnersOutputs(runs_on=Output.from_input(spec.runs_on), security_group_ids=groups))
