"""Starts provider plugins as forks of one process that has imported them: an import takes longer than most runs.

The engine starts a plugin anew for each of its runs. What it starts is `ASK`, without any library; that hands its
arguments, variables and output to the starter, and lives as long as the plugin: when one ends, so does the other.
"""

from __future__ import annotations

import gc
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[3]
PACKAGES = ("aws", "kubernetes", "random", "tls")
FREQUENT = ("apps/v1:Deployment", "core/v1:Namespace", "core/v1:ServiceAccount", "helm.sh/v3:Release")
"""Types of objects that most runs have."""
ASK = (
    "import json, os, socket, sys\n"
    "starter = socket.socket(socket.AF_UNIX)\n"
    "starter.connect(sys.argv[1])\n"
    "said = json.dumps([sys.argv[2:], dict(os.environ), os.getcwd()]).encode()\n"
    "socket.send_fds(starter, [len(said).to_bytes(4, 'big')], [1, 2])\n"
    "starter.sendall(said)\n"
    "starter.recv(1)\n"
)
"""The program that the engine starts: with a socket, a module and the engine's own arguments."""


@cache
def starter() -> Path:
    """Return the socket of this process's starter, which ends with it."""
    folder = Path(mkdtemp(prefix="starter-"))
    (folder / "ask.py").write_text(ASK)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.harness.plugin.starter", str(folder / "socket")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        stdin=subprocess.PIPE,  # its end is the end of whoever asked
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.readline()
    return folder / "socket"


def command(module: str) -> str:
    """Return the command line, for a shell, that starts a plugin."""
    socket_ = starter()
    return f'exec "{sys.executable}" -IS "{socket_.with_name("ask.py")}" "{socket_}" {module} "$@"'


def _serve(path: str) -> None:
    """Start plugins until nobody is left to ask for one."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(64)
    _import_all()
    gc.disable()  # a plugin lives for seconds, and a search for garbage would copy all that its fork shares
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Thread(target=_end_with_standard_input, args=(Path(path).parent,), daemon=True).start()
    while True:
        asked, _ = server.accept()
        if os.fork() == 0:
            server.close()
            _become(asked)
        asked.close()


def _import_all() -> None:
    """Import the plugins, and look up what most of their runs look up."""
    for package in PACKAGES:
        import_module(f"tests.harness.{package}_plugin.provider")
    from tests.harness.aws_plugin import classes, cloud, kept, table
    from tests.harness.kubernetes_plugin import kinds

    cloud.read_models()
    for type_ in (*table.LIVE, *kept.KEPT):
        classes.inputs_of(f"aws:{type_}")
        classes.outputs_of(f"aws:{type_}")
    for type_ in FREQUENT:
        kinds.inputs_of(f"kubernetes:{type_}")
        kinds.outputs_of(f"kubernetes:{type_}")


def _end_with_standard_input(folder: Path) -> None:
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _become(asked: socket.socket) -> None:
    """Be the plugin that was asked for."""
    head, outputs, _, _ = socket.recv_fds(asked, 4, 2)
    with asked.makefile("rb") as said:
        words, variables, folder = json.loads(said.read(int.from_bytes(head, "big")))
    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(asked,), daemon=True).start()
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    os._exit(0)


def _end_with(asked: socket.socket) -> None:
    asked.recv(1)
    os._exit(0)


if __name__ == "__main__":
    _serve(sys.argv[1])
