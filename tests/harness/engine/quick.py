"""The Automation API without the questions that it asks after each run: each is a process of its own.

And the SDK without what takes most of its time where there are hundreds of resources: it looks at all outputs whenever
one is there, follows dependencies by nested generators, and tells the engine from which lines each resource comes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pulumi import Resource, automation, log
from pulumi.runtime import resource, resource_cycle_breaker, stack
from pulumi.runtime.proto import source_pb2


def _wait_for_all(tasks: Iterable[asyncio.Task[Any]], **_: object) -> Awaitable[Any]:
    return asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)


def _reachable(from_resource: Resource, to_resource: Resource) -> bool:
    """Tell whether dependencies lead from one resource to another."""
    found, left = {from_resource}, [from_resource]
    while left:
        new = resource_cycle_breaker._deps(left.pop()) - found
        found |= new
        left += new
    return to_resource in found


stack.asyncio = SimpleNamespace(**{**vars(asyncio), "wait": _wait_for_all})  # type: ignore[attr-defined]
resource_cycle_breaker._reachable = _reachable
resource._get_stack_trace = source_pb2.StackTrace
log.debug = lambda *_: None


class QuickStack(automation.Stack):
    """A stack that reads the result of a run from the backend's own files.

    Args:
        name: Name of the stack; it is made.
        workspace: Where its project is.
        backend: Folder of the file backend.
    """

    def __init__(self, name: str, workspace: automation.Workspace, backend: Path) -> None:
        super().__init__(name, workspace, automation._stack.StackInitMode.CREATE)
        self._history = backend / ".pulumi" / "history"

    def outputs(self) -> automation.OutputMap:
        """Return nothing after a run; who wants the outputs asks for them."""
        return {}

    def all_outputs(self) -> automation.OutputMap:
        """Return the outputs of the stack."""
        return super().outputs()

    def command(self, *words: str) -> None:
        """Run another command of `pulumi` on this stack."""
        self._run_pulumi_cmd_sync(list(words))

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        """Return what the last run did."""
        newest = max(self._history.rglob("*.history.json"), key=lambda path: path.name)
        told = json.loads(newest.read_text())
        return automation.UpdateSummary(
            kind=told["kind"],
            start_time=datetime.fromtimestamp(told["startTime"], UTC),
            message=told["message"],
            environment=told["environment"],
            config={},
            result=told["result"],
            resource_changes=told["resourceChanges"],
        )
