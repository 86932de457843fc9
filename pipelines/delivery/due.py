"""Is a model to be retrained now? Pure decisions; every one carries its reason.

Requests come at least once. Each retraining is claimed before it starts; the claims are in one order that everybody
sees, and of two that are too many the later one yields.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A retraining: asked for, or made."""

    time: datetime
    key: str | None
    run: str | None
    """Run of the job that makes it."""
    asked: bool
    """Whether a person asked for it."""
    where: str
    """What shows it: `#12`."""


@dataclass(frozen=True)
class Decision:
    """Whether a model is retrained now, and why."""

    due: bool
    reason: str
    claimed: bool = False
    """Whether the same run has claimed it before."""


def decide(request: Attempt, made: Sequence[Attempt], cool_down: timedelta) -> Decision:
    """Judge a request by the retrainings that were made before it."""
    before = sorted((item for item in made if item.time <= request.time), key=lambda item: item.time)
    if request.run and any((item.run, item.key) == (request.run, request.key) for item in before):
        return Decision(due=True, reason="this run has claimed it before and is run again", claimed=True)
    for item in before:
        if request.key and item.key == request.key:
            return Decision(due=False, reason=f"`{request.key}` was answered at {_at(item.time)} ({item.where})")
    if request.asked:
        return Decision(due=True, reason="a person asks for it")
    if before and request.time < before[-1].time + cool_down:
        until = _at(before[-1].time + cool_down)
        said = f"retrained at {_at(before[-1].time)} ({before[-1].where}); cools down until {until}"
        return Decision(due=False, reason=said)
    return Decision(due=True, reason=f"{'`' + request.key + '`' if request.key else 'its schedule'} asks for it")


def accepted(claims: Iterable[Attempt], made: Sequence[Attempt], cool_down: timedelta) -> list[Attempt]:
    """Return the claims that hold, judged in their order, each by those that hold before it."""
    holding = list[Attempt]()
    for claim in claims:
        if decide(claim, [*made, *holding], cool_down).due:
            holding.append(claim)
    return holding


def _at(time: datetime) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC")
