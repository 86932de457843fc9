"""The prediction log: one JSON line for each scored row, buffered, on disk at once, complete at the end."""

from __future__ import annotations

import asyncio
import hmac
import struct
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

INTERVAL_SECONDS = 0.05
"""Often, so that each write is short: requests wait for it."""
KEPT_ENTRIES = 100_000
"""While the disk refuses, this many requests are kept; older ones are dropped, counted and reported."""
KEY_VARIABLE = "PREDICTION_LOG_KEY"


@dataclass(frozen=True, slots=True)
class Entry:
    """One answered request."""

    time: float
    request_id: str
    columns: NDArray[np.float32]
    prediction: NDArray[np.int64]
    score: NDArray[np.float64]


class Privacy:
    """What the log may say of each column: all, a keyed hash, or nothing."""

    def __init__(self, names: list[str], personal: dict[str, str], key: str) -> None:
        hashed = sorted(name for name, rule in personal.items() if rule == "hash")
        if hashed and not key:
            raise ValueError(f"{KEY_VARIABLE}: not set; it keys the hashes of {', '.join(hashed)} in the log")
        self._plain = [(place, name) for place, name in enumerate(names) if name not in personal]
        self._hashed = [(place, name) for place, name in enumerate(names) if name in hashed]
        self._key = key.encode()

    def features(self, row: list[float]) -> dict[str, Any]:
        """Return the fields of one row that may be written."""
        found: dict[str, Any] = {name: row[place] for place, name in self._plain}
        for place, name in self._hashed:
            found[name] = hmac.digest(self._key, struct.pack("<d", row[place]), "sha256").hex()
        return found


class Lines(Protocol):
    """Where lines go; as text, it says where."""

    dropped_rows: int
    """Rows that were written and lost again."""
    pending_bytes: int
    """What is not yet where it belongs."""

    def start(self) -> None:
        """Begin."""

    def append(self, content: bytes) -> None:
        """Add lines, all or none; an `OSError` says that they were not taken."""

    def close(self) -> None:
        """Bring all lines where they belong."""


class PredictionLog:
    """Collects entries on the hot path; a task of its own writes them."""

    def __init__(self, lines: Lines, model: str, digest: str, privacy: Privacy) -> None:
        self.lines = lines
        self._model = model
        self._digest = digest
        self._privacy = privacy
        self._waiting: list[Entry] = []
        self._task: asyncio.Task[None] | None = None
        self._refused = False
        self.dropped = 0

    def add(self, request_id: str, columns: NDArray[np.float32], result: tuple[Any, Any]) -> None:
        """Remember one answered request."""
        prediction, score = result
        self._waiting.append(Entry(time.time(), request_id, columns, prediction, score))

    def start(self) -> None:
        """Begin to write regularly."""
        self.lines.start()
        self._task = asyncio.create_task(self._write_regularly())

    async def close(self) -> None:
        """Write all that is left, durably."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.flush()
        if self._waiting:
            print(f"{self.lines}: {len(self._waiting)} requests could not be written", file=sys.stderr)
        await asyncio.to_thread(self.lines.close)

    def flush(self) -> None:
        """Write what is waiting; when the disk refuses, keep it and try again later."""
        entries, self._waiting = self._waiting, []
        if not entries:
            return
        try:
            self.lines.append(b"".join(self._lines(entry) for entry in entries))
        except OSError as error:
            self._keep(entries)
            self._say(f"cannot be written: {error.strerror}; requests are kept in memory", refused=True)
        else:
            self._say("can be written again", refused=False)

    def _keep(self, entries: list[Entry]) -> None:
        kept = (entries + self._waiting)[-KEPT_ENTRIES:]
        self.dropped += len(entries) + len(self._waiting) - len(kept)
        self._waiting = kept

    def _say(self, message: str, *, refused: bool) -> None:
        if refused != self._refused:
            print(f"{self.lines}: {message}", file=sys.stderr)
        self._refused = refused

    async def _write_regularly(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            self.flush()

    def _lines(self, entry: Entry) -> bytes:
        moment = datetime.fromtimestamp(entry.time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        rows = zip(entry.columns.tolist(), entry.prediction.tolist(), entry.score.tolist(), strict=True)
        return b"".join(
            orjson.dumps(
                {
                    "time": moment,
                    "request_id": entry.request_id,
                    "row": row,
                    "model": self._model,
                    "digest": self._digest,
                    "features": self._privacy.features(features),
                    "prediction": prediction,
                    "score": score,
                },
                option=orjson.OPT_APPEND_NEWLINE,
            )
            for row, (features, prediction, score) in enumerate(rows)
        )
