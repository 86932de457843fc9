"""An artifact store that somebody else owns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.artifact_store.contract import ArtifactStoreOutputs, ExistingSpec
from components.component import Component

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.base import Place


class ExistingArtifactStore(Component[ArtifactStoreOutputs]):
    """The promises of a bucket that is already there; no resources."""

    def __init__(self, name: str, spec: ExistingSpec, *, place: Place, opts: ResourceOptions | None = None) -> None:  # noqa: ARG002
        super().__init__(name, spec, opts)
        self.outputs = self.promise(
            ArtifactStoreOutputs(uri=Output.from_input(spec.uri), encryption_key=Output.from_input(spec.encryption_key))
        )
