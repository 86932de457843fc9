"""Run the `stackwright` command as a shell would: in this process, or in one that can be interrupted."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest import mock

import typer.main

from pipelines.cli import main

_COMMAND = cache(typer.main.get_command)
"""The tree of commands is the same each time, and takes a third of what a short command does."""


_INTERRUPTIBLE = """
import signal
from pipelines.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""


@dataclass(frozen=True)
class Outcome:
    """What a command did: exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def problems(self) -> list[str]:
        return self.err.splitlines()


def stackwright(*words: object) -> Outcome:
    """Run the command and return what it did."""
    out, err = io.StringIO(), io.StringIO()
    arguments = ["stackwright", *map(str, words)]
    code: Any = None
    with (
        mock.patch("typer.main.get_command", _COMMAND),
        mock.patch.object(sys, "argv", arguments),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code
    return Outcome(code, out.getvalue(), err.getvalue())


def interruptible(*words: object) -> list[str]:
    """Return the words of a process that runs the command, and that Ctrl-C reaches where whoever starts it ignores it.

    `preexec_fn` would do, and may hang in a process with threads.
    """
    return [sys.executable, "-c", _INTERRUPTIBLE, *map(str, words)]
