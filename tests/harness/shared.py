"""What is made once in a run of the tests, whichever of its processes needs it first."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Shared:
    """Folders below one that all workers of a run know."""

    root: Path

    def folder(self, name: str) -> Path:
        """Return where something lies; it may not be there yet."""
        return self.root / f"shared-{name}"

    def once(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return a folder as `make` left it: the first to come makes it, the others wait, and only read it.

        Args:
            name: Of the folder, in this run.
            make: Fills a folder that is not there yet. When it fails, the next to come tries again.
        """
        with (self.root / f"shared-{name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            made = self.root / f"shared-{name}.made"
            if not made.exists():
                shutil.rmtree(self.folder(name), ignore_errors=True)
                make(self.folder(name))
                made.touch()
        return self.folder(name)


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """What all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return Shared(base.parent if hasattr(request.config, "workerinput") else base)
