"""Deployments to a cluster that are killed at every write, and the next ones, which complete them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.errors import UserError
from tests.harness.children import killed, observed, points
from tests.harness.cluster.serving import Home, paths, release, waiting

pytestmark = pytest.mark.cluster


def upgrade(home: Home, number: int = 2) -> Callable[[], Any]:
    """Return the deployment of a release."""
    return lambda: home.deployer().deploy(*release(number)).digest


STEPS = ["change_cluster"] * 5
"""Deployment, Service, scaler, route, and the Deployment again: it is rolled out."""


def test_an_upgrade_makes_these_writes(home: Home, tmp_path: Path) -> None:
    """What the kills below are around."""
    home.deployer().deploy(*release(1))

    assert STEPS == observed(upgrade(home), tmp_path)


@pytest.mark.parametrize(("number", "name", "when"), points(STEPS))
@pytest.mark.parametrize("before", [None, 1], ids=["first", "upgrade"])
def test_a_killed_deployment_is_completed_by_the_next(
    before: int | None, number: int, name: str, when: str, home: Home, tmp_path: Path
) -> None:
    """Whichever write was the last one, the second run serves what is pinned, and leaves nothing unfinished."""
    if before:
        home.deployer().deploy(*release(before))
    killed(upgrade(home), number, when, tmp_path)

    assert release(2)[0].digest == home.deployer().deploy(*release(2)).digest

    assert [release(2)[0].digest] == home.served()
    assert "stackwright/returns-to" not in home.objects()["Deployment/churn"]["metadata"]["annotations"]
    assert ["/v2/models/churn"] == paths(home)


@pytest.mark.parametrize(("number", "name", "when"), points(STEPS[:3]))
def test_a_killed_bad_deployment_does_not_become_what_is_returned_to(
    number: int, name: str, when: str, home: Home, tmp_path: Path
) -> None:
    """Release 2 never gets ready and its deployment is killed; release 3 fails, too: release 1 is returned to."""
    home.deployer().deploy(*release(1))
    for bad in (2, 3):
        home.behaviour[release(bad)[0].digest] = waiting("CrashLoopBackOff")
    killed(upgrade(home), number, when, tmp_path)

    with pytest.raises(UserError, match=f"{release(1)[0].digest[:19]} keeps serving"):
        home.deployer().deploy(*release(3))

    assert [release(1)[0].digest] == home.served()
    assert release(1)[0].digest == home.deployer().deploy(*release(1)).digest


REMOVAL = ["change_cluster"] * 5
"""Service, route, scaler, budget, Deployment."""


@pytest.mark.parametrize(("number", "name", "when"), points(REMOVAL))
def test_a_killed_removal_is_completed_by_the_next(
    number: int, name: str, when: str, home: Home, tmp_path: Path
) -> None:
    """As long as anything is left, the model is found as deployed."""
    home.deployer().deploy(*release(1))
    killed(lambda: home.deployer().remove("churn"), number, when, tmp_path)

    for model in home.deployer().deployed():
        home.deployer().remove(model)

    assert {} == home.objects()
