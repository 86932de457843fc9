"""A cluster that somebody else owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.cluster.contract import ClusterOutputs, ExistingSpec
from components.component import Component

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place
    from components.network.contract import NetworkOutputs
    from components.runners.contract import RunnersOutputs


class ExistingCluster(Component[ClusterOutputs]):
    """The promises of a cluster that is already there; no resources.

    Its owner lets runners reach the API server, and whoever runs `pulumi up` do everything there. In Amazon EKS that
    is an access entry of a role, and the add-ons that nodes need are installed, Pod Identity among them. Network and
    runners are those of AWS; a cluster elsewhere needs neither.
    """

    def __init__(
        self,
        name: str,
        spec: ExistingSpec,
        *,
        place: Place,  # noqa: ARG002
        network: NetworkOutputs | None = None,
        runners: RunnersOutputs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, *(need for need in (network, runners) if need))
        groups = {each: Output.from_input(id_) for each, id_ in sorted(spec.security_group_ids.items())}
        self.outputs = self.promise(
            ClusterOutputs(
                name=Output.from_input(spec.name),
                endpoint=Output.from_input(spec.endpoint),
                certificate_authority=Output.from_input(spec.certificate_authority),
                identifier=Output.from_input(spec.identifier),
                version=Output.from_input(str(spec.version)),
                security_group_ids=groups,
                audience=Output.from_input(spec.audience),
            )
        )
