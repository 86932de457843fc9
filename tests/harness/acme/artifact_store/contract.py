"""The organisation's own artifact stores."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.artifact_store.contract import ArtifactStoreOutputs
from components.base import Spec


class MinioSpec(Spec[ArtifactStoreOutputs]):
    """A bucket on the organisation's MinIO."""

    flavor: Literal["minio"] = "minio"
    bucket: str = Field(pattern=r"^[a-z0-9-]{3,63}$", examples=["models"])
    """Name of the bucket."""
    drives: tuple[str, ...] = Field(default=(), examples=[["a", "b"]])
    """Drives that it is spread over."""
