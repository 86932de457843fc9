"""Whether kwok watches what it has Stages for: a kind that it could not watch it does not try again by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from tests.harness.cluster import stages
from tests.harness.cluster.rest import CONNECTION, AnswerError, Rest

SOON, LATER = 0.5, 2.0
"""Seconds until it is asked again: while a kind is missing, and once none is."""

Kind = tuple[str, str]
"""API version and kind."""


class Watched:
    """What one run of kwok watches, by what it says.

    Args:
        rest: Where the Stages are.
        log: What it says; its earlier runs said what is there already.
    """

    def __init__(self, rest: Rest, log: Path) -> None:
        self._rest, self._log = rest, log
        self._offset = log.stat().st_size if log.exists() else 0
        self._seen, self._ask_at = set[Kind](), time.monotonic() + SOON

    def is_complete(self) -> bool:
        """Return whether it watches every kind that has a Stage; remind it of those that it does not."""
        if time.monotonic() < self._ask_at:
            return False
        self._seen.update(self._said())
        complete = self._is_complete()
        self._ask_at = time.monotonic() + (LATER if complete else SOON)
        return complete

    def _is_complete(self) -> bool:
        try:
            return not self._remind()
        except (CONNECTION, AnswerError):
            return False

    def _remind(self) -> bool:
        missing = {
            kind: stage for stage in stages.there(self._rest) if (kind := stages.kind_of(stage)) not in self._seen
        }
        for stage in missing.values():
            change = {"metadata": {"annotations": {"plane.test/reminded": str(time.monotonic())}}}
            self._rest.merge(self._rest.path_of(stage), change)
        return bool(missing)

    def _said(self) -> Iterator[Kind]:
        with self._log.open() as log:
            log.seek(self._offset)
            lines = log.read()
        whole, _, _ = lines.rpartition("\n")
        self._offset += len(whole.encode())
        for line in whole.splitlines():
            if '"Start stage controller"' in line:
                ref = json.loads(line)["ref"]
                yield ref["APIGroup"], ref["Kind"]
