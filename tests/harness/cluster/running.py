"""Planes that run as long as somebody uses them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import TextIO

from tests.harness.cluster.plane import Plane
from tests.harness.engine.tools import ROOT

START_SECONDS = 120
"""How long a plane may take to be ready, on a machine with much else to do."""


@contextlib.contextmanager
def using(folder: Path) -> Generator[Plane]:
    """Use the plane in a folder; the first to come starts it, and it ends when the last has gone.

    Args:
        folder: Shared by all processes that use it; a plane that ended is replaced by another one in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "starting").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        place, users = _joined(folder)
    with users:
        yield Plane(place)


def _joined(folder: Path) -> tuple[Path, TextIO]:
    """Return the place of a plane that runs, and the lock that keeps it running."""
    numbers = [int(path.name) for path in folder.iterdir() if path.name.isdigit()]
    for number in sorted(numbers, reverse=True)[:1]:
        users = _shared(folder / str(number))
        if (folder / str(number) / "state.json").exists():
            return folder / str(number), users
        users.close()
    place = folder / str(max(numbers, default=0) + 1)
    place.mkdir()
    users = _shared(place)
    _start(place)
    return place, users


def _shared(place: Path) -> TextIO:
    users = (place / "users").open("a")
    fcntl.flock(users, fcntl.LOCK_SH)
    return users


def _start(place: Path) -> None:
    said = place / "supervisor.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.harness.cluster.supervisor", str(place)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(place):
        if process.poll() is not None or time.monotonic() > deadline:
            process.terminate()
            raise RuntimeError(f"the control plane did not start:\n{said.read_text()}{_tails(place)}")
        time.sleep(0.05)


def _is_ready(place: Path) -> bool:
    state = place / "state.json"
    return state.exists() and json.loads(state.read_text())["ready"]


def _tails(place: Path) -> str:
    logs = sorted((place / "logs").glob("*.log"))
    return "".join(f"--- {path.stem}\n{path.read_text(errors='replace')[-2000:]}" for path in logs)
