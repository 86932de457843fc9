"""A bucket on the organisation's MinIO."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.artifact_store.contract import ArtifactStoreOutputs
from components.component import Component

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place
    from components.cluster_services.contract import ClusterServicesOutputs
    from components.ingress.contract import IngressOutputs
    from tests.harness.acme.artifact_store.contract import MinioSpec


class MinioArtifactStore(Component[ArtifactStoreOutputs]):
    """The promises of a bucket on the organisation's MinIO; no resources."""

    package = "acme"

    def __init__(
        self,
        name: str,
        spec: MinioSpec,
        *,
        place: Place,
        services: ClusterServicesOutputs | None = None,
        ingress: IngressOutputs | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, services, ingress)
        self.outputs = self.promise(
            ArtifactStoreOutputs(
                uri=Output.from_input(f"s3://{spec.bucket}"),
                encryption_key=Output.from_input(None),
                endpoint=Output.from_input("https://minio.acme.example"),
                endpoint_inside=Output.from_input("https://minio.acme.example"),
                region=Output.from_input("us-east-1"),
                users_namespace=None,
                credentials_secret="storage/minio",
            )
        )
