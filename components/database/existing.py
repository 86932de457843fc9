"""A database that somebody else owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.component import Component
from components.database.contract import DatabaseOutputs, ExistingSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import ResourceOptions

    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.network.contract import NetworkOutputs


class ExistingDatabase(Component[DatabaseOutputs]):
    """The promises of a database that is already there; no resources. Its owner lets clients in."""

    def __init__(
        self,
        name: str,
        spec: ExistingSpec,
        *,
        place: Place,  # noqa: ARG002
        network: NetworkOutputs | None = None,
        services: ClusterServicesOutputs | None = None,
        client_security_group_ids: Mapping[str, Output[str]] | None = None,  # noqa: ARG002
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, network, services)
        self.outputs = self.promise(
            DatabaseOutputs(
                host=Output.from_input(spec.host),
                port=Output.from_input(spec.port),
                name=Output.from_input(spec.database),
                admin_secret=Output.from_input(spec.admin_secret),
                admin_secret_key_arn=Output.from_input(spec.admin_secret_key_arn),
                resource_id=Output.from_input(spec.resource_id),
                certificates=Output.from_input(spec.certificates),
            )
        )
