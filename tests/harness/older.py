"""Older releases of the platform, from this repository's own history: what projects may still be pinned to."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stacks.contract import CONTRACT_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
FILE = "stacks/contract.py"
SAID = re.compile(r'^CONTRACT_VERSION = "(\d+)\.(\d+)"$', re.MULTILINE)
FIRST_OF_STACKS = (1, 1)
"""Contracts of stacks begin with this version: before it, there were those of one machine only."""
WALK = """\
import contextlib, io, json, subprocess, sys
from pipelines.cli import main
found = []
for words in json.load(sys.stdin):
    out, err, code = io.StringIO(), io.StringIO(), 0
    sys.argv = ["stackwright", *words]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    found.append([code, out.getvalue(), err.getvalue()])
    for command in (["add", "-A"], ["commit", "--quiet", "--allow-empty", "--message", " ".join(words)]):
        subprocess.run(["git", *command], check=True)
from stacks.contract import CONTRACT_VERSION
print(json.dumps({"reads": CONTRACT_VERSION, "found": found}))
"""
"""Runs commands one after the other, in one process, and commits after each."""


@dataclass(frozen=True)
class Older:
    """One release, unpacked."""

    folder: Path
    commit: str
    reads: str
    """Contract version that it knows."""

    def run(self, project: Path, *commands: Sequence[str]) -> list[tuple[int, str, str]]:
        """Run its commands in a project; code, standard output and standard error of each."""
        done = subprocess.run(
            [sys.executable, "-c", WALK],
            input=json.dumps(commands),
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said: Any = json.loads(done.stdout.splitlines()[-1])
        assert said["reads"] == self.reads
        return [(code, out, err) for code, out, err in said["found"]]


def older_releases(folder: Path) -> list[Older]:
    """Unpack the newest commit of each older version of the contract; skip in a shallow clone, and in CI, fail."""
    found = {version: commit for commit, version in _history() if FIRST_OF_STACKS <= version < _version(own())}
    if not found:
        missing = "no older release in this history; fetch all of it: `git fetch --unshallow`"
        if os.environ.get("CI"):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return [_unpacked(folder, commit, version) for version, commit in sorted(found.items())]


def own() -> str:
    """Return this release's version of the contract, as its file says it."""
    return f'CONTRACT_VERSION = "{CONTRACT_VERSION}"'


def _history() -> list[tuple[str, tuple[int, int]]]:
    """Return the commits at which the contract's version was another one than after them, oldest first.

    Of each it is the last one: the parent of the commit that gave it the next version.
    """
    changes = _git("log", "--format=%H", "--reverse", "-G^CONTRACT_VERSION = ", "--", FILE).split()
    parents = [f"{commit}^" for commit in changes[1:]]
    return [(parent, _version(_git("show", f"{parent}:{FILE}"))) for parent in parents]


def _version(text: str) -> tuple[int, int]:
    found = SAID.search(text)
    assert found is not None
    return int(found[1]), int(found[2])


def _unpacked(folder: Path, commit: str, version: tuple[int, int]) -> Older:
    target = folder / ".".join(map(str, version))
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(target, filter="data")
    return Older(target, commit, ".".join(map(str, version)))


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""
