"""What every monitoring flavor promises."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.base import Document


class MonitoringSection(Document):
    """Where predictions are logged and labels arrive."""

    flavor: Literal["folder"]
    predictions_uri: str = Field(pattern=r"^file:///\S+[^/]$")
    """Folder of prediction logs, one sub-folder a model."""
    labels_uri: str = Field(pattern=r"^file:///\S+[^/]$")
    """Folder of labels (`request_id,row,label`), one sub-folder a model."""
