"""How long the whole life of a project takes once its packages are cached, and where the time goes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

TITLE = "Rehearsal, warm"
LONGEST = 5


def measure() -> list[dict[str, str | float]]:
    """Return the total of a second run and its longest steps."""
    command = [str(Path(sys.executable).with_name("stackwright")), "rehearse", "--format", "json"]
    for _ in range(2):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    steps = sorted(found["steps"], key=lambda step: -step["seconds"])[:LONGEST]
    rows: list[dict[str, str | float]] = [{"step": "all", "seconds": found["seconds"], "share": 1.0}]
    return rows + [
        {"step": step["title"], "seconds": step["seconds"], "share": step["seconds"] / found["seconds"]}
        for step in steps
    ]
