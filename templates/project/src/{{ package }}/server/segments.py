"""A log in pieces, on a volume that stays as long as the pod: one is written, finished ones wait to be uploaded."""

from __future__ import annotations

import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from .log_file import LogFile

SECONDS = 30.0
"""Age at which a segment is finished."""
BYTES = 1 << 20
"""Size at which it is."""
OPEN, FINISHED = ".part", ".jsonl"


class Segments:
    """The segments of one server; a name is never used twice, and says when the segment was finished."""

    def __init__(self, folder: Path, instance: str) -> None:
        self._folder = folder
        self._instance = instance
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.glob(f"*{OPEN}")):
            self._finish(path)
        self._file, self._since = self._begin(), 0.0

    def append(self, content: bytes) -> None:
        """Add lines to the segment that is written."""
        with self._lock:
            self._file.append(content)
            self._since = self._since or time.monotonic()

    def finished(self) -> list[Path]:
        """Return the finished segments, oldest first; those that a server before this one left are among them."""
        return sorted(self._folder.glob(f"*{FINISHED}"))

    def turn(self) -> Path | None:
        """Finish what is written, when it is old or large enough, and return it."""
        if not self._is_due():
            return None
        new = self._begin()
        with self._lock:
            old, self._file, self._since = self._file, new, 0.0
        old.close()
        return self._finish(old.path)

    def close(self) -> Path | None:
        """Finish what is written, and return it unless it is empty."""
        self._file.close()
        return self._finish(self._file.path)

    def _is_due(self) -> bool:
        with self._lock:
            old = self._since and time.monotonic() - self._since >= SECONDS
            return bool(old) or self._file.size >= BYTES

    def _begin(self) -> LogFile:
        return LogFile(self._folder / f"{uuid.uuid4().hex}{OPEN}")

    def _finish(self, path: Path) -> Path | None:
        if not path.stat().st_size:
            path.unlink()
            return None
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        return path.rename(path.with_name(f"{moment}-{self._instance}-{path.stem[:12]}{FINISHED}"))
