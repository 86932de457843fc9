"""What was asked of the plugins of one stack, and which create is to fail: files that they share."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path


class Calls:
    """The calls of one stack, in order.

    Args:
        folder: Where all plugins of the stack keep what they keep.
    """

    def __init__(self, folder: Path) -> None:
        self._log, self._fault, self._count = folder / "calls.jsonl", folder / "fault", folder / "creates"

    def note(self, verb: str, urn: str, id_: str) -> None:
        """Remember that something was made, changed or deleted."""
        with self._log.open("a") as log:
            log.write(json.dumps({"verb": verb, "urn": urn, "id": id_}) + "\n")

    def of(self, verb: str) -> list[str]:
        """Return the URNs of what was made, changed or deleted since the last `forget`."""
        lines = [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []
        return [line["urn"] for line in lines if line["verb"] == verb]

    def forget(self) -> None:
        """Forget the calls so far."""
        self._log.unlink(missing_ok=True)

    def fail_at_create(self, number: int | None) -> None:
        """Let the create of that number (from 1, of all plugins together) fail; none lets all succeed."""
        for path in (self._fault, self._count):
            path.unlink(missing_ok=True)
        if number is not None:
            self._fault.write_text(str(number))

    def fail_if_told(self, urn: str) -> None:
        """Fail where this is the create that was told to."""
        if self._fault.exists() and self._next() == int(self._fault.read_text()):
            raise ConnectionError(f"{urn.rsplit('::', 1)[1]}: the stand-in was told to fail at this create")

    def _next(self) -> int:
        with self._count.open("a") as count:
            fcntl.flock(count, fcntl.LOCK_EX)
            count.write(".")
            count.flush()
            return self._count.stat().st_size
