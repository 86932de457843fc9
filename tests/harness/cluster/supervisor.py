"""The process that runs one plane: it starts the programs, starts again what ends, and ends all when nobody is left.

Whoever uses the plane holds a shared lock on `users`. The kernel lets go of it when its process ends, in whatever
way; then the supervisor ends its own programs, and nothing stays behind a run that failed or was interrupted.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.harness.cluster import issuer, stages
from tests.harness.cluster.kwok import Watched
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.programs import API_SERVER, Ports, commands, write_files
from tests.harness.cluster.rest import Rest

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Supervisor:
    """Runs the programs of one plane.

    Args:
        folder: An empty folder for everything.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._running = folder, dict[str, subprocess.Popen[bytes]]()
        self._ports = Ports.free()
        self._ports.write(folder)
        write_files(folder, self._ports)
        (folder / "logs").mkdir()
        self._commands = commands(folder, self._ports)

    def run(self) -> None:
        """Run until nobody is left."""
        keys = issuer.serve(self._ports.issuer, *(self._folder / f"serving.{end}" for end in ("crt", "key")), self._key)
        threading.Thread(target=keys.serve_forever, daemon=True).start()
        try:
            self._bring_up()
            self._note(ready=True)
            while not self._is_left():
                self._revive()
                self._watched.is_complete()
                time.sleep(0.2)
        finally:
            (self._folder / "state.json").unlink(missing_ok=True)
            self._end()

    @property
    def _key(self) -> Path:
        return self._folder / "tokens.key"

    def _bring_up(self) -> None:
        plane = Plane(self._folder)
        for name in ("etcd", API_SERVER):
            self._start(name)
        self._wait(plane.is_ready)
        for name in self._commands:
            if name not in self._running and name != "kwok":
                self._start(name)
        stages.install(plane.api())
        self._start("kwok")
        self._wait(lambda: self._watched.is_complete())

    def _start(self, name: str) -> None:
        if name == "kwok":
            self._watched = Watched(Rest(Plane(self._folder).api()), self._folder / "logs" / "kwok.log")
        with (self._folder / "logs" / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                self._commands[name], stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_with_parent
            )

    def _wait(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not ready():
            if ended := [name for name, process in self._running.items() if process.poll() is not None]:
                raise RuntimeError(f"{', '.join(ended)} ended")
            if time.monotonic() > deadline:
                raise RuntimeError("not ready within a minute")
            time.sleep(0.05)

    def _revive(self) -> None:
        """Start again what ended, as a machine would."""
        ended = [name for name, process in self._running.items() if process.poll() is not None]
        for name in ended:
            self._start(name)
        if ended:
            self._note(ready=True)

    def _note(self, *, ready: bool) -> None:
        pids = {name: process.pid for name, process in self._running.items()}
        part = self._folder / "state.part"
        part.write_text(json.dumps({"ready": ready, "supervisor": os.getpid(), "programs": pids}))
        part.replace(self._folder / "state.json")

    def _is_left(self) -> bool:
        """Return whether nobody holds the lock; from then on nobody can come."""
        with (self._folder / "users").open("a") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            (self._folder / "state.json").unlink(missing_ok=True)
            return True

    def _end(self) -> None:
        for name in reversed(self._running):
            self._running[name].send_signal(signal.SIGKILL)
            self._running[name].wait()
        shutil.rmtree(self._folder / "etcd", ignore_errors=True)


def _die_with_parent() -> None:
    os.setsid()
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    Supervisor(Path(sys.argv[1])).run()
