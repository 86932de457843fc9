"""Drift of 100,000 rows by 20 columns: ours against Evidently's `DataDriftPreset`, in the same run.

Evidently 0.7.23 does not import with pandas 3, so it lives in an environment of its own, `.cache/bench-evidently`.
Each side is a fresh process that makes the same data from the same seed (15 normal columns, five of them shifted, and
five of text) and prints its seconds.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.own_environment import ROOT, python_of

TITLE = "Drift of 100,000 rows by 20 columns"

REPEATS = 5

TIMED = """
import json, time
started = time.perf_counter()
{imports}
imported = time.perf_counter() - started
import numpy as np
random = np.random.default_rng(7)
def table(shift):
    numbers = {{f"number_{{i}}": random.normal(shift * (i < 5), 1, 100_000) for i in range(15)}}
    texts = {{f"text_{{i}}": random.choice(list("abcde"), 100_000).astype(object) for i in range(5)}}
    return {prepared}
reference, window = table(0.0), table(0.5)
runs = []
for _ in range({repeats}):
    started = time.perf_counter()
    drifted = {run}
    runs.append(time.perf_counter() - started)
print(json.dumps({{"import": imported, "runs": runs, "drifted": drifted}}))
"""

OURS = {
    "imports": """
from pipelines.monitor.drift import compare, sample
from pipelines.monitor.policy import DriftPolicy
def compared(reference, window):
    prepared = [{name: sample(column) for name, column in side.items()} for side in (reference, window)]
    return sum(column.drifted for column in compare(*prepared, DriftPolicy()))
""",
    "prepared": "numbers | {name: column.tolist() for name, column in texts.items()}",
    "run": "compared(reference, window)",
}

EVIDENTLY = {
    "imports": """
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
definition = DataDefinition(
    numerical_columns=[f"number_{i}" for i in range(15)], categorical_columns=[f"text_{i}" for i in range(5)]
)
def compared(reference, window, **preset):
    sides = [Dataset.from_pandas(side, data_definition=definition) for side in (window, reference)]
    metrics = Report([DataDriftPreset(**preset)]).run(*sides).dict()["metrics"]
    return int(metrics[0]["value"]["count"])
""",
    "prepared": "pd.DataFrame(numbers | texts)",
}


def measure() -> list[dict[str, str | float]]:
    """Measure both sides; a ratio says how many times longer Evidently takes."""
    python = python_of("bench-evidently")
    ours = _timed(Path(sys.executable), OURS)
    rows: list[dict[str, str | float]] = []
    for name, arguments in (("DataDriftPreset()", ""), ('DataDriftPreset(method="psi")', ', method="psi"')):
        theirs = _timed(python, EVIDENTLY | {"run": f"compared(reference, window{arguments})"})
        rows += [_row(name, ours, theirs, imports=imports) for imports in (False, True)]
    return rows


def _row(name: str, ours: dict[str, float], theirs: dict[str, float], *, imports: bool) -> dict[str, str | float]:
    field = "with_import" if imports else "run"
    return {
        "against": f"Evidently 0.7.23 {name}",
        "imports": "included" if imports else "excluded",
        "stackwright_seconds": round(ours[field], 3),
        "evidently_seconds": round(theirs[field], 3),
        "ratio": round(theirs[field] / ours[field], 1),
        "stackwright_drifted": ours["drifted"],
        "evidently_drifted": theirs["drifted"],
    }


def _timed(python: Path, code: dict[str, str]) -> dict[str, float]:
    script = TIMED.format(repeats=REPEATS, **code)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1"}
    done = subprocess.run(
        [python, "-c", script], check=True, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )
    said = json.loads(done.stdout.splitlines()[-1])
    return {
        "run": statistics.median(said["runs"]),
        "with_import": said["import"] + said["runs"][0],
        "drifted": said["drifted"],
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
