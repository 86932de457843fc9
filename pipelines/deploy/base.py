"""What a model deployer does, whatever runs the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from components.base import Document
from pipelines.release.package import Digest

if TYPE_CHECKING:
    from pipelines.release.package import Package
    from pipelines.release.pin import Pin


class Endpoint(Document):
    """Where a model is served, and which digest."""

    url: str
    """Address before the paths of the Open Inference Protocol: a model is at `<url>/v2/models/<model>`."""
    digest: Digest
    """The package that is served."""


class Deployer(Protocol):
    """Makes an environment serve exactly one digest of each model."""

    def serving(self, model: str) -> Endpoint | None:
        """Return the live endpoint of a model that answers as ready, or nothing."""
        ...

    def deployed(self) -> list[str]:
        """Return the models that this environment was made to serve."""
        ...

    def deploy(self, pin: Pin, package: Package) -> Endpoint:
        """Serve what is pinned; the old one keeps serving until the new one answers with its digest.

        Args:
            pin: What to serve.
            package: The pinned package, verified, in a folder of this machine.
        """
        ...

    def remove(self, model: str) -> bool:
        """Stop serving a model; `False` when it was not served."""
        ...
