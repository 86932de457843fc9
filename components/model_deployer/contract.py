"""What every model deployer promises."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.base import Document


class ModelDeployerSection(Document):
    """How an environment serves models."""

    flavor: Literal["process"]
    """`process`: one detached server process a model on this machine."""
    uri: str = Field(pattern=r"^file:///\S+[^/]$")
    """Folder of the endpoints: `<model>.json` says where a model is served and which digest."""
