"""How long the workflows of a project run, executed on this machine, until its model is in prod."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TITLE = "Workflows to prod, executed"
WALK = "tests/delivery/test_walk.py::test_a_model_walks_from_dev_to_prod"


def measure() -> list[dict[str, str | float]]:
    """Return the seconds of each workflow in order, and how long its processors were busy; the set-up is in all."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "pytest", "-q", WALK, f"--basetemp={folder}/walk"], check=True)
        seconds = time.perf_counter() - began
        found = next(Path(folder).rglob("workflows.json"))
        rows: list[dict[str, str | float]] = json.loads(found.read_text())
    busy = sum(float(row["busy"]) for row in rows)
    return [*rows, {"workflow": "all", "event": "", "seconds": seconds, "busy": busy}]
