"""What a person chooses of a template."""

from __future__ import annotations

from enum import Enum


class TemplateFormat(Enum):
    """How it is written."""

    YAML = "yaml"
    JSON = "json"


class OidcProvider(Enum):
    """Whether it makes GitHub's OIDC provider."""

    CREATE = "create"
    EXISTING = "existing"
