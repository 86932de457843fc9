"""The image of a pin: who needs one, which it is, and whether it is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.images.copying import copy_image
from pipelines.images.open import repository_of, source_repository
from pipelines.release.places import pin_path

if TYPE_CHECKING:
    from pipelines.release.pin import Pin
    from stacks.contract import Contract


def runs_images(contract: Contract) -> bool:
    """Return whether an environment serves models from images."""
    return contract.model_deployer.flavor == "kubernetes"


def image_of(contract: Contract, pin: Pin) -> str:
    """Return repository and digest of a pin's image."""
    return f"{repository_of(contract).uri}@{_digest(contract, pin)}"


def check_image(contract: Contract, pin: Pin) -> None:
    """Refuse a pin whose image is not in the environment's repository."""
    digest, repository = _digest(contract, pin), repository_of(contract)
    if not repository.holds(digest):
        told = f"`{digest}` is not in {repository.uri}; push it there, or promote the pin again"
        raise UserError(f"{pin_path(contract.environment, pin.model)}: image: {told}")


def chosen_image(contract: Contract, given: str | None, held: Pin | None) -> str | None:
    """Return the digest that a new pin has: of the image that is given, else of the one that is pinned now.

    Args:
        contract: The environment.
        given: `<repository>@sha256:…`, as a person says it.
        held: What is pinned there now.
    """
    if given is None:
        return held.image if held else None
    repository = repository_of(contract)
    uri, _, digest = given.rpartition("@")
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest) or uri not in {"", repository.uri}:
        raise UserError(f"--image: `{given}`: expected {repository.uri}@sha256:…, the project's own repository")
    if not repository.holds(digest):
        raise UserError(f"--image: `{digest}` is not in {repository.uri}; push it there first")
    return digest


def promoted_image(target: Contract, pin: Pin) -> str | None:
    """Return the digest that a promoted pin has; nothing where the target runs no images."""
    return pin.image if runs_images(target) else None


def promote_image(source: Contract, target: Contract, digest: str | None) -> None:
    """Copy an image into the repository of the environment that it is promoted to."""
    if digest is not None:
        copy_image(source_repository(source), repository_of(target), digest)


def _digest(contract: Contract, pin: Pin) -> str:
    if pin.image is None:
        where = pin_path(contract.environment, pin.model)
        told = "push what `make image` builds, then `stackwright register --image REPOSITORY@sha256:…`"
        first = "" if contract.promotes_from is None else f" and promote it to {contract.environment}"
        raise UserError(f"{where}: image: missing; {contract.environment} runs images: {told}{first}")
    return pin.image
