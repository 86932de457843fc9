"""Models served by detached processes on this machine."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psutil

from components.errors import UserError
from pipelines import writes
from pipelines.deploy.base import Endpoint
from pipelines.job_tokens import variables_without_tokens
from pipelines.release.locking import held
from stacks.load import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.release.package import Package
    from pipelines.release.pin import Pin


class ProcessEndpoint(Endpoint):
    """`<model>.json` of an environment on one machine."""

    pid: int
    """Process of the server."""
    started: float
    """When that process started (seconds since the epoch): tells it from another that got its pid."""
    instance: str
    """Token in the command line of the server."""


@dataclass(frozen=True)
class ProcessDeployer:
    """One detached server process a model; `<folder>/<model>.json` is what clients read."""

    folder: Path
    predictions: Path
    commands: dict[str, Sequence[str]]
    """The project's serving command of each model."""
    root: Path
    """Folder of the project, where commands run."""
    start_seconds: float = 60.0
    """How long a new server may take until it answers."""
    stop_seconds: float = 20.0
    """How long an old server may take to finish what it has begun."""

    def serving(self, model: str) -> ProcessEndpoint | None:
        """Return the live endpoint of a model that answers as ready, or nothing."""
        endpoint = self._endpoint(model)
        if endpoint and _process(endpoint) and served_digest(endpoint.url, model) == endpoint.digest:
            return endpoint
        return None

    def deployed(self) -> list[str]:
        """Return the models that this environment was made to serve."""
        return sorted(path.stem for path in self.folder.glob("[!.]*.json"))

    def deploy(self, pin: Pin, package: Package) -> ProcessEndpoint:
        """Start a server, wait for its digest, replace the endpoint, stop the old server."""
        model = pin.model
        with held(self.folder / ".lock"):
            self._end_unfinished(model)
            current = self.serving(model)
            if current and current.digest == package.digest:
                return current
            return self._replace(model, package)

    def _replace(self, model: str, package: Package) -> ProcessEndpoint:
        old = self._endpoint(model)
        new = self._start(model, package)
        writes.replace_file(self._path(model), new.model_dump_json(indent=1).encode())
        if old:
            self._stop(old)
        writes.remove_file(self._starting(model))
        return new

    def remove(self, model: str) -> bool:
        """Stop serving a model."""
        with held(self.folder / ".lock"):
            self._end_unfinished(model)
            endpoint = self._endpoint(model)
            if endpoint is None:
                return False
            self._stop(endpoint)
            writes.remove_file(self._path(model))
            return True

    def _start(self, model: str, package: Package) -> ProcessEndpoint:
        token, port = secrets.token_hex(8), _free_port()
        log = self.folder / "logs" / f"{model}-{token}.log"
        command = self._command(model, package, port, token)
        writes.replace_file(self._starting(model), json.dumps(self._unfinished(model, token)).encode())
        pid = writes.start_process(command, folder=self.root, environment=_environment(), log=log)
        endpoint = ProcessEndpoint(
            url=f"http://127.0.0.1:{port}",
            digest=package.digest,
            pid=pid,
            started=_started(pid),
            instance=token,
        )
        try:
            self._wait(model, endpoint, log)
        except BaseException:
            self._end_unfinished(model)
            raise
        return endpoint

    def _command(self, model: str, package: Package, port: int, token: str) -> list[str]:
        predictions = self.predictions / model
        return [
            *self.commands[model],
            *("--package", str(package.folder)),
            *("--model", model),
            *("--host", "127.0.0.1", "--port", str(port)),
            *("--prediction-log", str(predictions)),
            *("--instance", token),
        ]

    def _wait(self, model: str, endpoint: ProcessEndpoint, log: Path) -> None:
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline:
            served = served_digest(endpoint.url, model)
            if served == endpoint.digest:
                return
            if served is not None:
                raise UserError(f"{log}: serves {served}, not {endpoint.digest}; the old server keeps serving")
            if _process(endpoint) is None:
                raise UserError(f"{log}: the server ended before it was ready: {_tail(log)}; the old one keeps serving")
            time.sleep(0.05)
        raise UserError(f"{log}: not ready after {self.start_seconds:g} s: {_tail(log)}; the old one keeps serving")

    def _stop(self, endpoint: ProcessEndpoint) -> None:
        process = _process(endpoint)
        if process:
            self._end(process)

    def _end(self, process: psutil.Process) -> None:
        writes.signal_process(process.pid, signal.SIGTERM)
        if not _ended(process, self.stop_seconds):
            writes.signal_process(process.pid, signal.SIGKILL)
            _ended(process, self.stop_seconds)

    def _unfinished(self, model: str, token: str) -> list[str]:
        """Return the instances that an interrupted deployment may have left, and the one that starts now."""
        endpoint = self._endpoint(model)
        return [token] + ([endpoint.instance] if endpoint else [])

    def _end_unfinished(self, model: str) -> None:
        """End servers that an interrupted deployment left behind: all of its instances that no client is sent to."""
        path = self._starting(model)
        if not path.exists():
            return
        endpoint = self._endpoint(model)
        tokens = set(json.loads(path.read_text())) - ({endpoint.instance} if endpoint else set())
        for process in _with_token(tokens):
            self._end(process)
        writes.remove_file(path)

    def _endpoint(self, model: str) -> ProcessEndpoint | None:
        path = self._path(model)
        return load(path, ProcessEndpoint) if path.exists() else None

    def _path(self, model: str) -> Path:
        return self.folder / f"{model}.json"

    def _starting(self, model: str) -> Path:
        return self.folder / f".{model}.starting.json"


def served_digest(url: str, model: str) -> str | None:
    """Ask a server which digest it serves; nothing while it does not answer as ready."""
    metadata = _get(f"{url}/v2/models/{model}")
    if metadata is None or _get(f"{url}/v2/models/{model}/ready") is None:
        return None
    versions = cast("list[object]", metadata.get("versions") or [])
    return str(versions[0]) if len(versions) == 1 else None


def _get(url: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - an address that we made
            return cast("dict[str, Any]", dict(json.loads(answer.read() or b"{}")))
    except (urllib.error.URLError, OSError, ValueError, TypeError):
        return None


def _process(endpoint: ProcessEndpoint) -> psutil.Process | None:
    """Return the endpoint's own process; another one that got its pid is none."""
    try:
        process = psutil.Process(endpoint.pid)
        words = process.cmdline()  # empty while the process is being started
        same = abs(process.create_time() - endpoint.started) < 1 and (not words or endpoint.instance in words)
        return process if same and _alive(process) else None
    except psutil.Error:
        return None


def _started(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return time.time()


def _with_token(tokens: set[str]) -> list[psutil.Process]:
    found = list[psutil.Process]()
    for process in psutil.process_iter(["cmdline"]):
        words: Any = process.info["cmdline"] or []
        if "--instance" in words and tokens & set(words):
            found.append(process)
    return found


def _ended(process: psutil.Process, seconds: float) -> bool:
    """Wait for a process to end; one that nobody has reaped yet has ended, too."""
    deadline = time.monotonic() + seconds
    while _alive(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _environment() -> dict[str, str]:
    return {**variables_without_tokens(), "DO_NOT_TRACK": "true", "MLFLOW_DISABLE_TELEMETRY": "true"}


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
    return " | ".join(lines[-3:]) or "it said nothing"
