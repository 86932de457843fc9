"""How the time to record a program grows with its node pools: 1, 10 and 100 of them.

Each run is a process of its own, and they take turns: where the machine becomes slower, it does so for all of them.
"""

from __future__ import annotations

import json
import statistics
import sys

from benchmarks import child

TITLE = "Node pools"
COUNTS = (1, 10, 100)
RUNS = 5

TIMED = """
import json, sys, time
import pulumi
from components.base import Tier
from components.catalogue import build
from components.conformance.standins import example_place, needs_of
from components.node_pools.contract import EksManagedSpec
from components.recording import record

spec = EksManagedSpec(instance_types=("g5.xlarge",), max_size=4)
place = example_place(Tier.PROD)

def program(count):
    opts = pulumi.ResourceOptions(providers=[pulumi.ProviderResource("aws", "aws", {})])
    needs = needs_of(EksManagedSpec)
    for number in range(count):
        build(f"pool-{number}", spec, place=place, **needs, opts=opts)

record(lambda: program(1))
count = int(sys.argv[1])
started = time.perf_counter()
found = record(lambda: program(count))
print(json.dumps([time.perf_counter() - started, sum(item.custom for item in found)]))
"""


def measure() -> list[dict[str, str | float]]:
    """Return time and memory by number of pools; a ratio compares the time per resource with the row before."""
    rows: list[dict[str, str | float]] = []
    turns = [[child.run([sys.executable, "-c", TIMED, str(count)]) for count in COUNTS] for _ in range(RUNS)]
    for count, *runs in zip(COUNTS, *turns, strict=True):
        seconds = statistics.median(json.loads(run.output)[0] for run in runs)
        resources = json.loads(runs[0].output)[1]
        each = 1000 * seconds / resources
        row: dict[str, str | float] = {
            "pools": f"{count}",
            "resources": resources,
            "seconds": seconds,
            "milliseconds per resource": each,
            "ratio to the row before": each / float(rows[-1]["milliseconds per resource"]) if rows else "-",
            "largest process, MiB": statistics.median(run.peak_mib for run in runs),
        }
        rows.append(row)
    return rows
