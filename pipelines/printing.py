"""How results reach a person or a program."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from components.errors import UserError
    from pipelines.connect.changes import Change
    from pipelines.release.results import Result


_COMMANDS = re.compile(r"(?:^|[\r\n])[^\S\r\n]*:(?=:)|#(?=#\[)")
"""How the runner of a job tells orders to itself from text: `::` at the start of a line, `##[` anywhere."""


def inert(text: str) -> str:
    """Return text in which a job's runner finds no order to itself, wherever its parts came from."""
    return _COMMANDS.sub(lambda found: f"{found[0]} ", text)


def mask(value: str, *, as_json: bool) -> None:
    """Tell a job's runner to show a value nowhere: the one order that is meant as one. Off a job nobody listens."""
    if value and os.environ.get("GITHUB_ACTIONS") == "true":
        stream = sys.stderr if as_json else sys.stdout
        stream.write(f"::add-mask::{value}\n")
        stream.flush()


def problem_lines(problems: Iterable[str]) -> None:
    """Write problems to standard error."""
    sys.stderr.write("".join(f"{inert(problem)}\n" for problem in problems))


def results(found: Sequence[Result], errors: Sequence[UserError], *, as_json: bool) -> None:
    """Write results to standard output and problems to standard error; as JSON, both in one document."""
    problems = [problem for error in errors for problem in error.problems]
    if as_json:
        document({"results": [item.model_dump(mode="json") for item in found], "problems": problems})
        return
    for item in found:
        line(f"{item.command}: {item.summary}")
        for detail in item.details:
            line(f"  {detail}")
    problem_lines(problems)


def changes(found: Sequence[Change], problems: Sequence[str], *, as_json: bool) -> None:
    """Write what became of documents, and problems to standard error; as JSON, both in one document."""
    if as_json:
        document({"documents": [item.model_dump(mode="json") for item in found], "problems": list(problems)})
        return
    for item in found:
        line(item.summary)
    problem_lines(problems)


def document(value: Any) -> None:
    """Write JSON to standard output."""
    sys.stdout.write(json.dumps(value, indent=2).replace("##[", "#\\u0023[") + "\n")


def line(text: str, *, as_json: bool = False) -> None:
    """Write a line for people; nothing when a document was asked for."""
    if not as_json:
        sys.stdout.write(f"{inert(text)}\n")


@contextlib.contextmanager
def busy(what: str, *, quiet: bool) -> Generator[None]:
    """Show a person at a terminal that something is going on; nothing anywhere else."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …"):
        yield


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table for people."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(*header, box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    Console().print(shown)
