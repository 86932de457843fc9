"""The offline plan of prod against `cdk synth` of the same shape, in the same run.

`benchmarks/cdk/app.py` says what the same shape is. Both are processes of their own, start-up included; of CDK only the
app is measured, not the command `cdk` around it. Ours also holds what it records against the policies.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import child
from benchmarks.own_environment import ROOT, python_of

TITLE = "Plan of prod"
RUNS = 5
QUIET = {
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
}


def measure() -> list[dict[str, str | float]]:
    """Return a row for each: medians of runs by turns, and how many times longer CDK takes."""
    ours: list[child.Run] = []
    theirs: list[child.Run] = []
    with tempfile.TemporaryDirectory() as folder:
        for command, runs in ((_ours(), ours), (_theirs(folder), theirs)) * RUNS:
            runs.append(child.run(command, QUIET))
        resources = json.loads(ours[0].output)["resources"], _resources(Path(folder))
    release = python_release()
    mine, other = _row("stackwright plan", ours, resources[0]), _row(release, theirs, resources[1])
    return [_against(row, mine) for row in (mine, other)]


def python_release() -> str:
    """Return the name of what is measured against, with its release."""
    pins = (ROOT / "requirements" / "bench-cdk.txt").read_text().split()
    return "cdk synth, " + next(pin for pin in pins if pin.startswith("aws-cdk-lib==")).replace("==", " ")


def _ours() -> list[str]:
    command = str(Path(sys.executable).with_name("stackwright"))
    return [command, "plan", "--env", "prod", "--folder", str(ROOT / "stacks/examples/aws"), "--format", "json"]


def _theirs(folder: str) -> list[str]:
    return [str(python_of("bench-cdk")), str(ROOT / "benchmarks/cdk/app.py"), folder]


def _resources(folder: Path) -> int:
    (template,) = folder.glob("*.template.json")
    return len(json.loads(template.read_text())["Resources"])


def _row(name: str, runs: list[child.Run], resources: int) -> dict[str, str | float]:
    seconds = statistics.median(run.seconds for run in runs)
    return {
        "what": name,
        "resources": resources,
        "seconds": seconds,
        "milliseconds per resource": 1000 * seconds / resources,
        "processor seconds": statistics.median(run.processor_seconds for run in runs),
        "largest process, MiB": statistics.median(run.peak_mib for run in runs),
    }


def _against(row: dict[str, str | float], ours: dict[str, str | float]) -> dict[str, str | float]:
    times = {"ratio": "seconds", "ratio per resource": "milliseconds per resource"}
    return row | {name: float(row[field]) / float(ours[field]) for name, field in times.items()}
