"""Run code in a forked child: to kill it around a write, and to let two run at once."""

from __future__ import annotations

import contextlib
import inspect
import os
import pickle
import signal
import tempfile
from typing import TYPE_CHECKING, Any, NoReturn

from components.errors import UserError
from pipelines import writes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

EXPLAINS = {"explained"}
WRITES = sorted(
    name
    for name, value in vars(writes).items()
    if inspect.isfunction(value)
    and value.__module__ == writes.__name__
    and not name.startswith("_")
    and name not in EXPLAINS
)
"""Names of the functions that write."""


class Child:
    """A forked process; what it returns or raises comes back by a pipe."""

    def __init__(self, action: Callable[[], Any], scratch: Path) -> None:
        self.reading, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(self.reading)
            _run(action, writing, scratch)
        os.close(writing)

    def result(self) -> Any:
        """Wait, and return what the child returned; a child that was killed returned nothing."""
        with os.fdopen(self.reading, "rb") as pipe:
            content = pipe.read()
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            return None
        found = pickle.loads(content)
        if isinstance(found, BaseException):
            raise found
        return found


def in_child(action: Callable[[], Any], scratch: Path) -> Any:
    """Run an action in a process of its own."""
    return Child(action, scratch).result()


def at_once(actions: list[Callable[[], Any]], scratch: Path) -> list[Any]:
    """Run actions at the same time, each in a process of its own; return their results or errors."""
    gate_reading, gate_writing = os.pipe()

    def waiting(action: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            os.close(gate_writing)
            os.read(gate_reading, 1)
            return _outcome(action)

        return run

    children = [Child(waiting(action), scratch) for action in actions]
    os.close(gate_reading)
    os.close(gate_writing)
    return [child.result() for child in children]


def observed(action: Callable[[], Any], scratch: Path) -> list[str]:
    """Return the names of the writes that an action makes."""

    def run() -> list[str]:
        names: list[str] = []
        _patch(lambda name: names.append(name), lambda: None)
        action()
        return names

    return in_child(run, scratch)


def killed(action: Callable[[], Any], number: int, when: str, scratch: Path) -> None:
    """Run an action and kill it with signal 9 before or after its write of that number (from 0)."""

    def run() -> None:
        count = iter(range(1000))
        current = [-1]

        def before(name: str) -> None:
            current[0] = next(count)
            if when == "before" and current[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)

        def after() -> None:
            if when == "after" and current[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)

        _patch(before, after)
        action()

    assert in_child(run, scratch) is None, "the write to be killed at was not made"


def _patch(before: Callable[[str], None], after: Callable[[], None]) -> None:
    for name in WRITES:
        function = getattr(writes, name)
        manages = inspect.isgeneratorfunction(inspect.unwrap(function))
        setattr(writes, name, (_managing if manages else _calling)(name, function, before, after))


def _calling(
    name: str, function: Callable[..., Any], before: Callable[[str], None], after: Callable[[], None]
) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        before(name)
        result = function(*arguments, **named)
        after()
        return result

    return call


def _managing(
    name: str, function: Callable[..., Any], before: Callable[[str], None], after: Callable[[], None]
) -> Callable[..., Any]:
    @contextlib.contextmanager
    def call(*arguments: Any, **named: Any) -> Generator[Any]:
        before(name)
        with function(*arguments, **named) as value:
            after()
            yield value

    return call


def _outcome(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except UserError as error:
        return (type(error), error.problems)


def _run(action: Callable[[], Any], writing: int, scratch: Path) -> NoReturn:
    try:
        tempfile.tempdir = str(scratch)
        try:
            content = pickle.dumps(action())
        except BaseException as error:  # noqa: BLE001 - told to the parent
            content = pickle.dumps(error if isinstance(error, AssertionError) else AssertionError(repr(error)))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(content)
    finally:
        os._exit(0)


def points(names: Iterator[str] | list[str]) -> list[tuple[int, str, str]]:
    """Return each write by number and name, before and after."""
    return [(number, name, when) for number, name in enumerate(names) for when in ("before", "after")]
