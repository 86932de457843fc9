"""What every artifact store promises."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.base import Document


class ArtifactStoreSection(Document):
    """Where an environment keeps packages."""

    flavor: Literal["folder", "s3"]
    """`folder` on one machine, `s3` in Amazon S3 or anything that speaks its protocol."""
    uri: str = Field(pattern=r"^(file:///|s3://)\S+[^/]$")
    """Root with scheme, no trailing slash: `s3://acme-dev-artifacts`."""
