"""One command, as a process of its own: its time and its memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WATCHED = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
seconds = time.perf_counter() - started
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, done.stdout, done.stderr, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


@dataclass(frozen=True)
class Run:
    """What one command said and took, with all processes that it started."""

    output: str
    """What it wrote."""
    seconds: float
    """From its start to its end."""
    processor_seconds: float
    """Time of processors, of all its processes together."""
    peak_mib: float
    """Memory of its largest process."""


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end, and measure it."""
    watched = [sys.executable, "-c", _WATCHED, *command]
    said = subprocess.run(
        watched, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | dict(environment or {})
    ).stdout
    code, output, errors, seconds, processor, peak = json.loads(said)
    if code:
        raise SystemExit(f"{command[0]}: exit code {code}\n{output[-2000:]}{errors[-2000:]}")
    return Run(output, seconds, processor, peak / 1024)
