"""What every monitoring flavor promises."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.base import Document


class MonitoringSection(Document):
    """Where predictions are logged and labels arrive."""

    flavor: Literal["folder", "s3"]
    """`folder` on one machine, `s3` in the artifact store of the environment."""
    predictions_uri: str = Field(pattern=r"^(file:///|s3://)\S+[^/]$")
    """Folder or prefix of prediction logs, one below it for a model."""
    labels_uri: str = Field(pattern=r"^(file:///|s3://)\S+[^/]$")
    """Folder or prefix of labels (`request_id,row,label`), one below it for a model."""
