"""The base of all settings."""

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Frozen values; a field that nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
