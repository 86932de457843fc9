"""Processes whose only network is loopback."""

from __future__ import annotations

import fcntl
import functools
import os
import socket
import struct
import subprocess
import sys

INTERFACE_UP = 0x1
SET_INTERFACE_FLAGS = 0x8914
"""SIOCSIFFLAGS of netdevice(7)."""

_APART = ("unshare", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc", "--kill-child")


def isolated(*command: object) -> list[str]:
    """Return the command, wrapped so that loopback is its only network, and nothing outlives it."""
    return [*_APART, sys.executable, "-IS", __file__, *map(str, command)]


def need_isolation() -> None:
    """Skip where this machine lets us have no network namespace."""
    import pytest  # not at the top: isolated processes run this file without packages

    if not _can_isolate():
        pytest.skip("this machine does not allow network namespaces")


@functools.cache
def _can_isolate() -> bool:
    try:
        return subprocess.run([*_APART, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _bring_loopback_up() -> None:
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SET_INTERFACE_FLAGS, struct.pack("16sh14x", b"lo", INTERFACE_UP))


if __name__ == "__main__":
    _bring_loopback_up()
    os.execvp(sys.argv[1], sys.argv[1:])
