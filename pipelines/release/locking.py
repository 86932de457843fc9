"""One command at a time where two would step on each other."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

from pipelines.project import git
from pipelines.writes import explained

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


def locked(root: Path) -> contextlib.AbstractContextManager[None]:
    """Wait for, and hold, the lock of a working tree."""
    return held(root / git(root, "rev-parse", "--git-path", "stackwright.lock").strip())


@contextlib.contextmanager
def held(path: Path) -> Generator[None]:
    """Wait for, and hold, a lock file; the kernel frees it when the process dies."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
