"""What Pulumi's SDK does for an engine, and a recording does without: it halves the time.

The SDK searches for circular dependencies by walking all that a dependency depends on, for every dependency, and sends
where in a program each resource is made.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import patch

from pulumi.runtime import resource, resource_cycle_breaker, rpc
from pulumi.runtime.proto import source_pb2

if TYPE_CHECKING:
    import pulumi

_SEARCHING = cast("Any", resource_cycle_breaker)


class Elders:
    """Resources in the order in which they are made: no circle while each one depends on older ones only."""

    def __init__(self) -> None:
        self._age: dict[pulumi.Resource, int] = {}
        self._in_order = True

    def note(self, made: pulumi.Resource) -> None:
        """Remember that a resource is made now."""
        self._age.setdefault(made, len(self._age))

    def declare(self, dependent: pulumi.Resource, needed: pulumi.Resource) -> bool:
        """Remember a dependency, or return false if it closes a circle: as the SDK, which is asked when in doubt."""
        younger, older = self._age.get(dependent), self._age.get(needed)
        self._in_order = self._in_order and younger is not None and older is not None and older < younger
        if not self._in_order:
            return _SEARCHING.declare_dependency(dependent, needed)
        known = vars(dependent).setdefault(_SEARCHING._DEPENDENCIES_PROPERTY, set[Any]())
        known.add(needed)
        return True


@contextmanager
def shortcuts() -> Generator[Elders]:
    """Let the SDK ask `Elders` while the block runs, which is to tell them of every resource; collect no garbage."""
    elders, collecting = Elders(), gc.isenabled()
    gc.disable()
    try:
        with (
            patch.object(rpc, "declare_dependency", elders.declare),
            patch.object(resource, "_get_stack_trace", source_pb2.StackTrace),
        ):
            yield elders
    finally:
        if collecting:
            gc.enable()
