"""The prediction log in S3: segments are uploaded from behind, so that a store that is away stops nobody."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from pathlib import Path

from ..s3 import Put, StoreError
from .segments import Segments

POLL_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 20.0
"""How long the end may take."""
LAST_REQUEST_SECONDS = 5.0
"""How long the request may take that was under way then."""


class UploadedLog:
    """Segments of a log, and the thread that uploads them.

    While the store is away they wait, up to a number of bytes; beyond it the oldest are dropped, counted and reported.
    An upload that was cut off is done again with the same name and content.
    """

    def __init__(self, segments: Segments, put: Put, where: str, most_bytes: int) -> None:
        self.dropped_rows = 0
        self.pending_bytes = 0
        self._segments, self._put, self._where, self._most_bytes = segments, put, where, most_bytes
        self._waiting: deque[tuple[Path, int]] = deque()
        self._thread = threading.Thread(target=self._run, name="prediction-log", daemon=True)
        self._stopping = threading.Event()
        self._deadline = 0.0
        self._failures = 0
        self._pause_until = 0.0
        self._turns = True
        self._dropping = False
        for path in segments.finished():
            self._queue(path)

    def __str__(self) -> str:
        return self._where

    def start(self) -> None:
        """Begin to upload."""
        self._thread.start()

    def append(self, content: bytes) -> None:
        """Add lines; they are uploaded later."""
        self._segments.append(content)

    def close(self) -> None:
        """Upload all that is left, as far as the time is enough for it."""
        self._deadline = time.monotonic() + STOP_SECONDS
        self._stopping.set()
        self._thread.join(STOP_SECONDS + LAST_REQUEST_SECONDS)
        if self.pending_bytes:
            self._say(f"{self.pending_bytes} bytes could not be uploaded; they go with the volume they are on")

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            self._turn()
            if time.monotonic() >= self._pause_until:
                self._upload()
            self._drop()
        self._queue(self._segments.close())
        while self._upload() and time.monotonic() < self._deadline:
            time.sleep(POLL_SECONDS)

    def _turn(self) -> None:
        """Finish a segment; when the disk makes no new one, the old one goes on."""
        try:
            self._queue(self._segments.turn())
        except OSError as error:
            if self._turns:
                self._say(f"no new segment can be made: {error.strerror}; the last one goes on")
            self._turns = False
        else:
            self._turns = True

    def _queue(self, path: Path | None) -> None:
        if path:
            self._waiting.append((path, path.stat().st_size))
            self.pending_bytes += self._waiting[-1][1]

    def _upload(self) -> int:
        """Upload what waits, oldest first, until the store refuses; return how many wait still."""
        while self._waiting:
            path = self._waiting[0][0]
            try:
                self._put(path.name, path.read_bytes())
            except StoreError as error:
                self._refused(error)
                break
            except OSError as error:
                self._say(f"{path.name}: cannot be read: {error.strerror}; it is left out")
            else:
                self._accepted()
            self._take().unlink(missing_ok=True)
        return len(self._waiting)

    def _refused(self, error: StoreError) -> None:
        if not self._failures:
            self._say(f"cannot be written: {error}; predictions wait on the volume")
        self._failures += 1
        self._pause_until = time.monotonic() + min(2.0**self._failures, LONGEST_PAUSE_SECONDS)

    def _accepted(self) -> None:
        if self._failures:
            self._say(f"can be written again; {self.dropped_rows} rows were dropped since the start")
        self._failures, self._dropping = 0, False

    def _drop(self) -> None:
        """Make room: the newest predictions are worth more."""
        while self.pending_bytes > self._most_bytes and self._waiting:
            path = self._take()
            self.dropped_rows += _rows(path)
            path.unlink(missing_ok=True)
            if not self._dropping:
                self._say(f"more than {self._most_bytes} bytes wait; the oldest predictions are dropped")
            self._dropping = True

    def _take(self) -> Path:
        path, size = self._waiting.popleft()
        self.pending_bytes -= size
        return path

    def _say(self, message: str) -> None:
        print(f"{self._where}: {message}", file=sys.stderr, flush=True)


def _rows(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0
