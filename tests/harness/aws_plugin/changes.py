"""What changed between two sets of inputs of an AWS resource, and what that does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.plan.schemas import Effect, effect
from tests.harness.plugin.changes import Change, compare, first, same

if TYPE_CHECKING:
    from tests.harness.aws_plugin.handlers.base import Handler
    from tests.harness.aws_plugin.kept import KeptHandler


def changes(type_: str, handler: Handler | KeptHandler, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Change]:
    """Return what changed by its path."""
    found: dict[str, Change] = {}
    for path, what in compare(old, new, same):
        explicit = first(path) in handler.replaces or path in handler.replaces
        by_schema = first(path) not in handler.later and effect(type_, path) is Effect.REPLACES
        found[path] = Change(what, explicit or by_schema)
    return found
