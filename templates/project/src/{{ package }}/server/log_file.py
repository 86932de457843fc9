"""A file of lines: appended whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path


class LogFile:
    """One file; whoever is killed while it writes leaves a torn last line at most."""

    dropped_rows = 0
    pending_bytes = 0

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def __str__(self) -> str:
        return str(self.path)

    @property
    def size(self) -> int:
        """Bytes in it."""
        return os.fstat(self._file.fileno()).st_size

    def start(self) -> None:
        """Begin; a file needs nothing for that."""

    def append(self, content: bytes) -> None:
        """Add lines; what a disk took of them before it refused is taken back."""
        end = self.size
        try:
            self._write(content)
        except OSError:
            os.ftruncate(self._file.fileno(), end)
            raise

    def close(self) -> None:
        """Let all of it be on disk for good."""
        os.fsync(self._file.fileno())
        self._file.close()

    def _write(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[self._file.write(view) :]
