"""A real MLflow server on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.web import free_port

if TYPE_CHECKING:
    from collections.abc import Generator

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


@contextlib.contextmanager
def mlflow_server(database: Path, folder: Path) -> Generator[str]:
    """Run a server over a database and give its address."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [Path(sys.executable).with_name("mlflow"), "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", address.rpartition(":")[2], "--backend-store-uri", f"sqlite:///{database}"]
    command += ["--artifacts-destination", folder / "artifacts"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | SETTINGS, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait(address, process, folder / "server.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"MLflow did not start:\n{log.read_text()}")
