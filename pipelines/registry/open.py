"""From a tracking server's address to its model registry."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from components.errors import UserError, closest

if TYPE_CHECKING:
    from pipelines.registry.base import Registry
    from pipelines.registry.credentials import Credentials
    from stacks.contract import Contract

SCHEMES = ("http", "https", "sqlite")


def registry_of(contract: Contract) -> Registry:
    """Return the model registry of an environment, signed in to if its contract names credentials."""
    from pipelines.registry.credentials import credentials_of

    return open_registry(contract.experiment_tracker.tracking_uri, credentials_of(contract))


def open_registry(tracking_uri: str, credentials: Credentials | None = None) -> Registry:
    """Return the model registry at `tracking_uri` (`sqlite:////file` or `https://server`)."""
    scheme = urlsplit(tracking_uri).scheme
    if scheme not in SCHEMES:
        raise UserError(
            f"experiment tracker `{tracking_uri}`: `{scheme}` is not a scheme of trackers{closest(scheme, SCHEMES)};"
            f" choose one of {', '.join(SCHEMES)}"
        )
    from pipelines.registry.mlflow import MlflowRegistry

    return MlflowRegistry(tracking_uri, credentials)
