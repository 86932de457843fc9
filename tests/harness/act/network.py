"""A network of its own, with loopback and nothing else; servers of this process may listen in it."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

HOLDER = """\
import fcntl, socket, struct, sys
there = socket.socket(fileno=int(sys.argv[1]))
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
while there.recv(1):
    with socket.socket() as made:
        socket.send_fds(there, [b"."], [made.fileno()])
"""
"""Brings loopback up, and hands out sockets: one belongs to the network that it was made in, whoever holds it."""


@dataclass(frozen=True)
class Network:
    """A network namespace, as long as its holder lives."""

    pid: int
    there: socket.socket

    def socket(self) -> socket.socket:
        """Return a socket in it, not bound to anything."""
        self.there.send(b".")
        _, found, _, _ = socket.recv_fds(self.there, 1, 1)
        return socket.socket(fileno=found[0])

    def listening(self) -> socket.socket:
        """Return a socket that listens in it, at a free port of 127.0.0.1."""
        found = self.socket()
        found.bind(("127.0.0.1", 0))
        found.listen(128)
        return found

    def free_port(self) -> int:
        """Return a port of it that nobody listens on."""
        with self.listening() as probe:
            return probe.getsockname()[1]

    def command(self, *words: object) -> list[str]:
        """Return a command that runs in it."""
        join = ["nsenter", "--target", str(self.pid), "--user", "--net", "--preserve-credentials"]
        return [*join, "--", *map(str, words)]

    def run(
        self, *words: object, folder: Path | None = None, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in it; what it says is one text."""
        return subprocess.run(
            self.command(*words),
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def get(self, url: str) -> bytes:
        """Ask a server in it."""
        address = urlsplit(url)
        asking = http.client.HTTPConnection(address.hostname or "", address.port)
        asking.sock = self.socket()
        asking.sock.connect((address.hostname, address.port))
        with contextlib.closing(asking):
            asking.request("GET", f"{address.path}?{address.query}")
            answer = asking.getresponse()
            if answer.status != http.client.OK:
                raise ConnectionError(f"{url}: {answer.status}")
            return answer.read()


@contextlib.contextmanager
def network() -> Generator[Network]:
    """Have a network for the time of a test."""
    need_network()
    here, there = socket.socketpair()
    words = ["unshare", "--map-root-user", "--net", sys.executable, "-c", HOLDER, str(there.fileno())]
    with subprocess.Popen(words, pass_fds=[there.fileno()]) as holder:
        there.close()
        try:
            found = Network(holder.pid, here)
            found.socket().close()
            yield found
        finally:
            here.close()
            holder.wait()


def need_network() -> None:
    """Skip with one line where a namespace cannot be had, and in CI, fail."""
    missing = [name for name in ("unshare", "nsenter") if shutil.which(name) is None]
    if missing:
        _missing(f"{', '.join(missing)}: not found")
    tried = subprocess.run(["unshare", "--map-root-user", "--net", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        _missing(f"this machine does not allow network namespaces: {tried.stderr.strip()}")


def _missing(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
