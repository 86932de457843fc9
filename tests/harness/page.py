"""Run what a page of the documents says as a person would."""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from unittest import mock

from tests.harness.command import stackwright


def run_block(script: str, where: Path, **variables: str) -> str:
    """Run the commands of a block in order, our own in this process, and return what they printed.

    Args:
        script: Commands for a shell; after a `cd` none is our own.
        where: The folder to run them in.
        variables: What is in the environment beside what is there.
    """
    lines = [line for line in script.replace("\\\n", "").splitlines() if line]
    with contextlib.chdir(where), mock.patch.dict(os.environ, variables):
        groups = itertools.groupby(lines, key=_is_ours)
        return "".join(_ours(line) if ours else _shell(line) for ours, group in groups for line in _parts(ours, group))


def _is_ours(line: str) -> bool:
    """Return whether a line is a command of ours and nothing in it is for a shell."""
    name, *words = shlex.split(line, comments=True) or [""]
    return name == "stackwright" and not set("$|<>&") & set("".join(words))


def _parts(ours: bool, lines: Iterable[str]) -> list[str]:
    return list(lines) if ours else ["\n".join(lines)]


def _ours(line: str) -> str:
    told = stackwright(*shlex.split(line, comments=True)[1:])
    assert 0 == told.code, told.out + told.err
    return told.out


def _shell(script: str) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout
