"""What a model deployer does, whatever runs the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from components.base import Document
from pipelines.release.package import Digest

if TYPE_CHECKING:
    from pipelines.release.package import Package


class Endpoint(Document):
    """`<model>.json` of an environment: where a model is served, and which digest."""

    url: str
    digest: Digest
    pid: int
    """Process of the server."""
    started: float
    """When that process started (seconds since the epoch): tells it from another that got its pid."""
    instance: str
    """Token in the command line of the server."""


class Deployer(Protocol):
    """Makes an environment serve exactly one digest of each model."""

    def serving(self, model: str) -> Endpoint | None:
        """Return the live endpoint of a model that answers as ready, or nothing."""
        ...

    def deployed(self) -> list[str]:
        """Return the models that this environment was made to serve."""
        ...

    def deploy(self, model: str, package: Package) -> Endpoint:
        """Serve a package; the old one keeps serving until the new one answers with its digest."""
        ...

    def remove(self, model: str) -> bool:
        """Stop serving a model; `False` when it was not served."""
        ...
