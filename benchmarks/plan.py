"""The offline plan of prod against `cdk synth` of the same shape, in the same run.

`benchmarks/cdk/app.py` says what the same shape is. Each is a process of its own, start-up included; of CDK the command
is measured as people run it, and its app alone. Ours also holds what it records against the policies.
"""

from __future__ import annotations

import json
import shlex
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import child
from benchmarks.own_environment import ROOT, command_of, python_of

TITLE = "Plan of prod"
RUNS = 5
EXAMPLES = ROOT / "stacks" / "examples" / "aws"
QUIET = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    "CI": "true",
    "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
}
RELEASE = "kubernetes:helm.sh/v3:Release"


def measure() -> list[dict[str, str | float]]:
    """Return a row for each: medians of runs by turns, and how many times longer CDK takes."""
    with tempfile.TemporaryDirectory() as folder:
        objects = Path(folder, "objects.json")
        objects.write_text(json.dumps(in_the_cluster()))
        commands = {
            "stackwright plan": _ours(),
            f"cdk synth, {release()}": _synth(Path(folder, "synth"), objects),
            "its app alone": _app(Path(folder, "app"), objects),
        }
        runs = {name: list[child.Run]() for name in commands}
        for name, command in list(commands.items()) * RUNS:
            runs[name].append(child.run(command, QUIET))
        theirs = _resources(Path(folder, "synth"))
    mine = json.loads(runs["stackwright plan"][0].output)["resources"]
    rows = [_row(name, found, mine if name == "stackwright plan" else theirs) for name, found in runs.items()]
    return [_against(row, rows[0]) for row in rows]


def in_the_cluster() -> list[dict[str, Any]]:
    """Return what our own plan has in the cluster, as constructs of CDK take it."""
    from pipelines.plan.record import record
    from stacks.environment.config import read_stack_file
    from stacks.environment.program import program

    spec = read_stack_file(EXAMPLES / "Pulumi.prod.yaml")
    graph = record(partial(program, spec), project="stackwright-environment", stack="prod")
    found = [resource for resource in graph.managed if resource.type.startswith("kubernetes:")]
    return [_chart(made.inputs) if made.type == RELEASE else _manifest(made.type, made.inputs) for made in found]


def _chart(inputs: dict[str, Any]) -> dict[str, Any]:
    same = {name: inputs[name] for name in ("chart", "version", "namespace", "values")}
    return {**same, "repository": inputs["repositoryOpts"]["repo"], "release": inputs["name"], "wait": True}


def _manifest(type_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    version, _, kind = type_.removeprefix("kubernetes:").rpartition(":")
    return {**inputs, "apiVersion": version.removeprefix("core/"), "kind": kind}


def release() -> str:
    """Return the library that is measured against, with its release."""
    pins = (ROOT / "requirements" / "bench-cdk.txt").read_text().split()
    return next(pin for pin in pins if pin.startswith("aws-cdk-lib==")).replace("==", " ")


def _ours() -> list[str]:
    command = str(Path(sys.executable).with_name("stackwright"))
    return [command, "plan", "--env", "prod", "--folder", str(EXAMPLES), "--format", "json"]


def _app(folder: Path, objects: Path) -> list[str]:
    return [str(python_of("bench-cdk")), str(ROOT / "benchmarks/cdk/app.py"), str(folder), str(objects)]


def _synth(folder: Path, objects: Path) -> list[str]:
    command = str(command_of("bench-cdk-command", ROOT / "benchmarks/cdk", "cdk"))
    told = ["--quiet", "--no-notices", "--no-version-reporting", "--output", str(folder)]
    return [command, "synth", *told, "--app", shlex.join(_app(folder, objects))]


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
