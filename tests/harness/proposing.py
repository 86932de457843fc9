"""The proposal of a promotion, as a job of its workflow makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.harness.command import Outcome
    from tests.pipelines.delivery.conftest import Job

BRANCH = "stackwright/promotion/staging/toy"
PIN = "promotions/staging/toy.yaml"
WORDS = ("propose", "--kind", "promotion", "--environment", "staging", "--model", "toy")


def propose(job: Job, *words: object) -> Outcome:
    """Propose, and fail on a problem."""
    done = job.ci(*(words or WORDS))
    assert (0, "") == (done.code, done.err)
    return done
