"""A real MLflow server on loopback."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.harness.engine.tools import TOOLS
from tests.harness.web import free_port

if TYPE_CHECKING:
    from collections.abc import Generator

TRACKER = TOOLS / "tracker" / "bin"
"""The programs that the image of the tracker holds; users of `stackwright` have MLflow's client only."""

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
}


class Place(Protocol):
    """A network that a server runs in."""

    def free_port(self) -> int:
        """Return a port that nobody listens on."""
        ...

    def command(self, *words: object) -> list[str]:
        """Return a command that runs there."""
        ...

    def get(self, url: str) -> bytes:
        """Ask a server there. Raises OSError while it does not answer."""
        ...


class Here:
    """The network of this process."""

    def free_port(self) -> int:
        return free_port()

    def command(self, *words: object) -> list[str]:
        return [str(word) for word in words]

    def get(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()


@contextlib.contextmanager
def mlflow_server(
    database: Path, folder: Path, password: str | None = None, place: Place | None = None
) -> Generator[str]:
    """Run a server over a database and give its address; with a password, only `admin` is let in."""
    place = place or Here()
    address = f"http://127.0.0.1:{place.free_port()}"
    command = [TRACKER / "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    command += ["--port", address.rpartition(":")[2], "--backend-store-uri", f"sqlite:///{database}"]
    command += ["--artifacts-destination", folder / "artifacts"]
    settings = dict(SETTINGS)
    if password:
        command += ["--app-name", "basic-auth"]
        settings |= _sign_in(folder, password)
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            place.command(*command),
            cwd=folder,
            env=os.environ | settings,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(address, process, folder / "server.log", place)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _sign_in(folder: Path, password: str) -> dict[str, str]:
    """Return the settings of a server that knows one user."""
    settings = folder / "auth.ini"
    settings.write_text(
        "[mlflow]\ndefault_permission = NO_PERMISSIONS\nadmin_username = admin\n"
        f"database_uri = sqlite:///{folder}/auth.db\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(settings),
        "MLFLOW_AUTH_ADMIN_PASSWORD": password,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "of this test",
    }


def _wait(address: str, process: subprocess.Popen[bytes], log: Path, place: Place) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError):
            place.get(f"{address}/health")
            return
        time.sleep(0.2)
    raise RuntimeError(f"MLflow did not start:\n{log.read_text()}")
