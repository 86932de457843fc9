"""GitHub's own runners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.component import Component
from components.runners.contract import HostedSpec, RunnersOutputs

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.network.contract import NetworkOutputs

IMAGE = "ubuntu-24.04"
"""A release, not `ubuntu-latest`: what a job runs on changes by a commit."""


class HostedRunners(Component[RunnersOutputs]):
    """The label of GitHub's own machines; no resources."""

    def __init__(
        self,
        name: str,
        spec: HostedSpec,
        *,
        place: Place,  # noqa: ARG002
        network: NetworkOutputs | None = None,
        services: ClusterServicesOutputs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, *(need for need in (network, services) if need))
        self.outputs = self.promise(
            RunnersOutputs(runs_on=Output.from_input(IMAGE), security_group_ids=dict[str, Output[str]]())
        )
