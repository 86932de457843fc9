"""What every experiment tracker promises."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.base import Document


class ExperimentTrackerSection(Document):
    """Where an environment records runs and registers models."""

    flavor: Literal["mlflow"] = "mlflow"
    tracking_uri: str = Field(pattern=r"^(sqlite:///|https?://)\S+$")
    """`sqlite:///…` on one machine, `https://…` for a server."""
    version: str = "3.17"
    """Release of the server that a client must match (major.minor)."""
