"""Pins: what an environment must run; and digests that were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import yaml
from pydantic import Field

from components.base import Document
from components.errors import UserError
from pipelines.release.package import Digest
from pipelines.release.places import REFUSED, pin_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipelines.project import Project


class Pin(Document):
    """`promotions/<environment>/<model>.yaml`: what an environment must run."""

    pin_version: Literal[1] = 1
    model: str
    release: int = Field(ge=1)
    """Given once, when the package is registered; equal in every environment."""
    digest: Digest
    """Identity of the package: sha256 of its manifest."""
    commit: str = Field(pattern=r"^[0-9a-f]{40}$")
    """Commit of the project whose code made the package."""
    contract_version: str = Field(pattern=r"^\d+\.\d+$")
    """Contract of the environment that the package was registered under."""
    evidence: Digest | None = None
    """Sha256 of the evidence file; none only where packages are registered."""
    image: Digest | None = None
    """Digest of the image, where the environment's deployer runs images."""

    @property
    def title(self) -> str:
        """How messages name this pin."""
        return f"release {self.release} ({short(self.digest)})"


class Refusal(Document):
    """One digest that an environment, and those that promote from it, must not run."""

    model: str
    digest: Digest
    environment: str
    reason: str = Field(min_length=1)


class Refused(Document):
    """`promotions/refused.yaml`: removing a line by pull request lifts a refusal."""

    refused: list[Refusal] = Field(default_factory=list[Refusal])


def short(digest: str) -> str:
    """Shorten a digest for people."""
    return digest[:19]


def read_pin(project: Project, environment: str, model: str) -> Pin | None:
    """Return what an environment pins for a model, or nothing."""
    path = pin_path(environment, model)
    if project.read(path) is None:
        return None
    pin = project.load(path, Pin)
    if pin.model != model:
        raise UserError(f"{path}: model: `{pin.model}` is not `{model}`; a pin is named after its model")
    return pin


def pin_text(pin: Pin) -> bytes:
    """Write a pin as the YAML that lies in a project."""
    fields = pin.model_dump(mode="json", exclude_none=True)
    return yaml.safe_dump(fields, sort_keys=False).encode()


def read_refused(project: Project) -> Refused:
    """Return the refused digests of a project."""
    return project.load(REFUSED, Refused) if project.read(REFUSED) is not None else Refused()


def refused_text(refused: Refused) -> bytes:
    """Write the refused list as the YAML that lies in a project."""
    return yaml.safe_dump(refused.model_dump(mode="json"), sort_keys=False).encode()


def refusal(refused: Refused, lineage: Iterable[str], model: str, digest: str) -> Refusal | None:
    """Return the refusal that blocks a digest in an environment, given with those that it promotes from."""
    names = set(lineage)
    hits = (item for item in refused.refused if item.model == model and item.digest == digest)
    return next((item for item in hits if item.environment in names), None)


def lineage(project: Project, environment: str) -> list[str]:
    """Return an environment and those it promotes from, nearest first."""
    chain = [environment]
    while (source := project.contract(chain[-1]).promotes_from) is not None:
        if source in chain:
            raise UserError(f"stack/{chain[-1]}.json: promotes_from: `{source}` closes a circle: {' <- '.join(chain)}")
        chain.append(source)
    return chain
