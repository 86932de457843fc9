"""An artifact store that somebody else owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.artifact_store.contract import DEFAULT_REGION, ArtifactStoreOutputs, ExistingSpec
from components.component import Component

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.ingress.contract import IngressOutputs


class ExistingArtifactStore(Component[ArtifactStoreOutputs]):
    """The promises of a bucket that is already there; no resources."""

    def __init__(
        self,
        name: str,
        spec: ExistingSpec,
        *,
        place: Place,  # noqa: ARG002
        services: ClusterServicesOutputs | None = None,
        ingress: IngressOutputs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, services, ingress)
        endpoint = Output.from_input(spec.endpoint)
        self.outputs = self.promise(
            ArtifactStoreOutputs(
                uri=Output.from_input(spec.uri),
                encryption_key=Output.from_input(spec.encryption_key),
                endpoint=endpoint,
                endpoint_inside=endpoint,
                region=Output.from_input(spec.region or (DEFAULT_REGION if spec.endpoint else None)),
                users_namespace=None,
                credentials_secret=spec.credentials_secret,
            )
        )
