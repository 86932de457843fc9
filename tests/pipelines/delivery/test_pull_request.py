"""Open, update, or leave alone: a pure decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest

from pipelines.delivery.kinds import Kind
from pipelines.delivery.marker import marked
from pipelines.delivery.pull_request import decide
from pipelines.delivery.wish import Wish
from pipelines.hosts.base import PullRequest

WISH = Wish(kind=Kind.PIN, environment="dev", model="toy", subject="sha256:a")
ROLLBACK = replace(WISH, kind=Kind.ROLLBACK)


def request(state: Literal["open", "closed", "merged"], subject: str = "sha256:a", number: int = 1) -> PullRequest:
    """Return a pull request of some subject."""
    return PullRequest(
        number=number,
        title="",
        body=marked(replace(WISH, subject=subject).proposal(), "text"),
        state=state,
        branch=WISH.branch,
        url="",
        created=datetime(2026, 11, 21, tzinfo=UTC),
        checked=True,
    )


CASES: dict[str, tuple[list[PullRequest], Wish, str]] = {
    "there was none": ([], WISH, "open"),
    "one is open": ([request("open", "sha256:b"), request("closed")], WISH, "update"),
    "an older one is open": ([request("closed", number=2), request("open")], WISH, "update"),
    "the same was closed": ([request("closed")], WISH, "decline"),
    "another was closed": ([request("closed", "sha256:b")], WISH, "open"),
    "the same was closed before another was merged": ([request("merged", "sha256:b"), request("closed")], WISH, "open"),
    "the same was merged": ([request("merged")], WISH, "open"),
    "a rollback was closed": ([request("closed")], ROLLBACK, "open"),
    "one without a mark was closed": ([replace(request("closed"), body="by hand")], WISH, "open"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_was_before_decides(name: str) -> None:
    """Each case: the pull requests of the branch, newest first, and what is to be done."""
    history, wish, do = CASES[name]

    assert do == decide(history, wish).do
