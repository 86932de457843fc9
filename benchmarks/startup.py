"""How long `stackwright --help` takes, against starting Python."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

TITLE = "Start-up"
RUNS = 15


def measure() -> list[dict[str, str | float]]:
    """Return the median seconds of each command, and the ratio to Python's own."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "stackwright --help": [str(Path(sys.executable).with_name("stackwright")), "--help"],
        "stackwright status --help": [str(Path(sys.executable).with_name("stackwright")), "status", "--help"],
    }
    seconds = {name: statistics.median(_seconds(command) for _ in range(RUNS)) for name, command in commands.items()}
    own = seconds["python -c pass"]
    return [{"command": name, "seconds": value, "ratio": value / own} for name, value in seconds.items()]


def _seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started
