"""How the time to record project stacks grows with their number, and that the platform's plan does not see them.

Each row is a process of its own: it writes so many stack files beside the platform document of dev, records each, and
plans the platform of the same folder before and after.
"""

from __future__ import annotations

import json
import statistics
import sys

from benchmarks import child
from benchmarks.own_environment import ROOT

TITLE = "Project stacks"
COUNTS = (1, 10, 100)
RUNS = 3

TIMED = """
import json, shutil, sys, tempfile, time
from pathlib import Path
from components.recording import record
from pipelines.plan.stacks import plan_environment
from stacks.project.config import read_stack_file
from stacks.project.program import program

def registered(path):
    spec, platform = read_stack_file(path)
    return record(lambda: program(spec, platform))

with tempfile.TemporaryDirectory() as name:
    folder = Path(name) / "aws"
    shutil.copytree(sys.argv[1], folder)
    before = plan_environment(folder, "dev").graph
    example = folder / "projects" / "Pulumi.ledger-dev.yaml"
    registered(example)
    paths = []
    for number in range(int(sys.argv[2])):
        paths.append(example.with_name(f"Pulumi.ledger{number}-dev.yaml"))
        paths[-1].write_text(example.read_text().replace("project: ledger", f"project: ledger{number}"))
    started = time.perf_counter()
    resources = sum(item.custom for path in paths for item in registered(path))
    seconds = time.perf_counter() - started
    changed = set(map(repr, before.resources)) ^ set(map(repr, plan_environment(folder, "dev").graph.resources))
    print(json.dumps([seconds, resources, len(changed)]))
"""


def measure() -> list[dict[str, str | float]]:
    """Return time by number of projects; a ratio compares the time per resource with the row before."""
    rows: list[dict[str, str | float]] = []
    for count in COUNTS:
        command = [sys.executable, "-c", TIMED, str(ROOT / "stacks/examples/aws"), str(count)]
        found = [json.loads(child.run(command).output) for _ in range(RUNS)]
        seconds, resources = statistics.median(run[0] for run in found), found[0][1]
        each = 1000 * seconds / resources
        row: dict[str, str | float] = {
            "projects": f"{count}",
            "resources": resources,
            "seconds": seconds,
            "milliseconds per resource": each,
            "ratio to the row before": each / float(rows[-1]["milliseconds per resource"]) if rows else "-",
            "resources of the platform that change": found[0][2],
        }
        rows.append(row)
    return rows
