"""Run the `stackwright` command in this process, as a shell would."""

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
