"""Small file systems that are full or read-only: root ignores modes, so only a mount refuses a write."""

from __future__ import annotations

import functools
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

MOUNT = 'mount -t tmpfs -o "$1" tmpfs "$2" && shift 2 && exec "$@"'


@functools.cache
def can_mount() -> bool:
    """Return whether this process may mount in a namespace of its own."""
    probe = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return not subprocess.run(probe, capture_output=True, timeout=10).returncode
    except OSError:
        return False


def run_mounted(folder: Path, options: str, script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run Python with a small file system on `folder` that nobody else sees."""
    if not can_mount():
        pytest.skip("mounting in a namespace is not permitted here")
    python = [sys.executable, "-c", script, str(folder), *map(str, arguments)]
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", MOUNT, "sh", options, str(folder), *python],
        capture_output=True,
        text=True,
        timeout=60,
    )
