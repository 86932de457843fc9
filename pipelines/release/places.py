"""Where pins lie in a project. It imports nothing: the command knows it before it knows what it is asked for."""

from __future__ import annotations

REFUSED = "promotions/refused.yaml"


def pin_path(environment: str, model: str) -> str:
    """Return where a pin lies in a project."""
    return f"promotions/{environment}/{model}.yaml"
