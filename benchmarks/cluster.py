"""The shape `kubernetes` on a real control plane: its start, an environment under the engine, projects beside it.

The environment of the example comes up and goes under the real Pulumi engine. The objects of projects are applied by
the API alone, one after the other: an engine for each would take a process and half a minute. Pods are simulated.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil

from benchmarks import child
from tests.harness.cluster.graphs import objects_of, project_resources, project_values
from tests.harness.cluster.inventory import inventory
from tests.harness.cluster.life import environment_stack, prepare
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import Rest
from tests.harness.cluster.running import using
from tests.harness.cluster.tools import PROGRAMS
from tests.harness.engine import programs
from tests.harness.engine.stack import Engine
from tests.harness.engine.tools import ROOT

TITLE = "A real control plane"
COUNTS = (0, 10, 100)
CI_LAYERS = Path(".cache/layers")
"""Where `.ci/run` writes how long each of its layers took."""

Row = dict[str, str | float]


def measure() -> list[Row]:
    """Return what each step took; what belongs to projects also for each object."""
    rows = [_row("tools, when nothing changed", _warm_tools())]
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        started = time.perf_counter()
        with using(Path(name) / "plane") as plane:
            rows.append(_row("start of the plane", time.perf_counter() - started, memory=_resident_mib(plane)))
            rows += _environment(Path(name) / "stack", plane)
            rows.append(_row("the plane at the end", 0.0, memory=_resident_mib(plane)))
    return [*rows, *_of_ci()]


def _row(what: str, seconds: float, objects: int = 0, memory: float = 0.0) -> Row:
    return {
        "step": what,
        "seconds": seconds,
        "objects": float(objects) if objects else "-",
        "milliseconds per object": 1000 * seconds / objects if objects else "-",
        "resident memory, MiB": memory or "-",
    }


def _warm_tools() -> float:
    return child.run([sys.executable, str(ROOT / "tools" / "build.py")]).seconds


def _environment(folder: Path, plane: Plane) -> list[Row]:
    """Bring the environment up and down, and look how its `up` goes with projects beside it."""
    prepare(plane, "dev")
    engine = environment_stack(folder, plane, "dev")
    rows = [_row("preview of the environment", _seconds(lambda: engine.preview(programs.environment)))]
    seconds = _seconds(lambda: engine.up(programs.environment))
    rows.append(_row("up of the environment", seconds, len(engine.resources())))
    there = 0
    for count in COUNTS:
        objects = [_project(number) for number in range(there, count)]
        rows += _projects(plane, engine, count, [item for each in objects for item in each])
        there = count
    rows.append(_gone(plane, there))
    count = len(engine.resources())
    rows.append(_row("destroy of the environment", _seconds(lambda: engine.destroy(programs.environment)), count))
    return rows


def _projects(plane: Plane, engine: Engine, count: int, objects: list[dict[str, Any]]) -> list[Row]:
    """Let there be more projects, and bring the environment up again: it must not see them."""
    rows: list[Row] = []
    if objects:
        plane.install_crds({item["apiVersion"].partition("/")[0] for item in objects})
        rest = Rest(plane.api())
        rows.append(_row(f"{count} projects come", _seconds(lambda: _apply(rest, objects)), len(objects)))
    again = _seconds(lambda: _again(engine))
    return [*rows, _row(f"up again beside {count} projects", again, len(engine.resources()))]


def _apply(rest: Rest, objects: list[dict[str, Any]]) -> None:
    for item in objects:
        rest.apply(item, "bench")


def _again(engine: Engine) -> None:
    if changes := engine.up(programs.environment).changes:
        raise SystemExit(f"up again changed something: {json.dumps(changes)}")


def _gone(plane: Plane, count: int) -> Row:
    """Delete the namespaces of all projects, and wait until nothing of them is left."""
    rest, before = Rest(plane.api()), inventory(plane)

    def delete() -> None:
        for number in range(count):
            rest.delete(f"/api/v1/namespaces/project-bench{number}")
        names = [f"project-bench{number}" for number in range(count)]
        plane.eventually(lambda: not _left(rest, names), "namespaces that are gone", seconds=600)

    seconds = _seconds(delete)
    return _row(f"{count} projects go", seconds, len(before) - len(inventory(plane)))


def _left(rest: Rest, names: list[str]) -> set[str]:
    return {item["metadata"]["name"] for item in rest.items("v1", "Namespace")} & set(names)


def _project(number: int) -> list[dict[str, Any]]:
    """Return what a project registers in its namespace: no Jobs and keys, which are those of the artifact store."""
    name = f"bench{number}"
    values = project_values("kubernetes", "churn-dev") | {"project": name, "reads": {}}
    values["ci_identity"] |= {"repository": name, "repository_id": 1000 + number, "promotes_to": []}
    home = f"project-{name}"
    found = objects_of(project_resources("kubernetes", values))
    inside = [item for item in found if item["kind"] not in ("Job", "Secret")]
    return [
        item
        for item in inside
        if item["metadata"].get("namespace") == home or item["metadata"]["name"].startswith(home)
    ]


def _resident_mib(plane: Plane) -> float:
    return sum(psutil.Process(plane.pid(program)).memory_info().rss for program in PROGRAMS) / (1 << 20)


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _of_ci() -> list[Row]:
    """Return how long the layers of the last `.ci/run` took on this machine, if there was one."""
    path = ROOT / CI_LAYERS
    lines = path.read_text().splitlines() if path.exists() else []
    told = [line.rpartition(": ") for line in lines]
    return [_row(f"`.ci/run`: {name}", float(text.removesuffix(" s"))) for name, _, text in told]
