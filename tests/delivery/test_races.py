"""Whatever happens at once, or too late: the environment ends on what the tip of the default branch pins.

`act` has no concurrency groups. What they serialise is read from the files; what holds without them is executed.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from tests.harness.project import Toy
from tests.harness.toy_site import MODEL, ToySite, toy_site


@pytest.fixture
def site(released: Toy, rendered: Path, tmp_path: Path) -> Generator[ToySite]:
    """A project at its host."""
    with toy_site(released, rendered, tmp_path / "site") as found:
        yield found


def seen(condition: Callable[[], Any]) -> Any:
    """Wait for something, and return it; what does not come within two minutes is an error."""
    for _ in range(1200):
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def starting(site: ToySite) -> list[psutil.Process]:
    """Return the server that is being started in dev, if it is."""
    begun = list((site.origin.environments / "dev" / "serving").glob(f".{MODEL}*"))
    return site.origin.servers() if begun else []


def commands(site: ToySite) -> list[psutil.Process]:
    """Return the deploy commands that run in jobs of this site."""
    found = psutil.process_iter(["cmdline", "cwd"])
    return [
        process
        for process in found
        if {"pipelines.cli", "deploy"} <= set(process.info["cmdline"] or [])
        and str(process.info["cwd"]).startswith(str(site.folder))
    ]


def test_a_deploy_that_comes_late_deploys_the_tip(site: ToySite) -> None:
    """It was started for a commit that another merge has followed."""
    site.release(wrong_every=7)
    new = site.release(wrong_every=8)

    late = site.execute("deploy", site.started("push"))

    assert late.green, late.log[-3000:]
    assert new == site.served("dev")


@pytest.mark.slow
def test_a_deploy_that_is_run_again_later_deploys_the_tip(site: ToySite) -> None:
    """Not the commit that it was started for: that is an hour old."""
    old = site.release(wrong_every=7)
    first = site.started("push")
    assert site.execute("deploy", first).green
    assert old == site.served("dev")
    new = site.release(wrong_every=8)
    assert site.execute("deploy", site.started("push")).green

    again = site.execute("deploy", first)

    assert again.green, again.log[-3000:]
    assert new == site.served("dev")


@pytest.mark.slow
def test_two_merges_at_once_end_on_the_later_one(site: ToySite) -> None:
    """Even when their deploys come in the wrong order."""
    site.release(wrong_every=7)
    new = site.release(wrong_every=8)

    later, earlier = site.execute("deploy", site.started("push", -1)), site.execute("deploy", site.started("push"))

    assert later.green
    assert earlier.green, earlier.log[-3000:]
    assert new == site.served("dev")
    assert 1 == len(site.origin.servers())


@pytest.mark.slow
def test_two_deploys_at_once_are_one_after_the_other(site: ToySite) -> None:
    """The command has a lock of its own: one server is left, of the tip's package."""
    site.release(wrong_every=7)
    new = site.release(wrong_every=8)
    clones = [site.clone() for _ in range(3)]

    def deploy(clone: Path) -> subprocess.CompletedProcess[str]:
        return site.network.run(".stackwright/venv/bin/stackwright", "deploy", "--env", "dev", folder=clone)

    with ThreadPoolExecutor() as at_once:
        done = list(at_once.map(deploy, clones))

    assert [0] * 3 == [each.returncode for each in done], [each.stdout for each in done]
    assert new == site.served("dev")
    assert 1 == len(site.origin.servers())


@pytest.mark.slow
def test_a_cancelled_deploy_leaves_the_old_server(site: ToySite, tmp_path: Path) -> None:
    """SIGTERM in the middle, as a runner cancels: the job is red, the next one finishes what it began."""
    old = site.release(wrong_every=7)
    assert site.execute("deploy", site.started("push")).green
    answers = tmp_path / "it-may-answer"
    new = site.release(wrong_every=8, after=str(answers))

    def cancel() -> None:
        seen(lambda: starting(site))
        for command in seen(lambda: commands(site)):
            command.send_signal(signal.SIGTERM)

    with ThreadPoolExecutor() as beside:
        cancelling = beside.submit(cancel)
        run = site.execute("deploy", site.started("push"))
        cancelling.result()

    assert ["Deploy"] == run.red, run.log[-3000:]
    assert old == site.served("dev")
    answers.touch()
    assert site.hand("deploy").green
    assert new == site.served("dev")


@pytest.mark.slow
def test_a_pin_that_moves_while_a_deploy_runs_is_deployed_next(site: ToySite, tmp_path: Path) -> None:
    """The one that runs serves what it has begun, and calls that red; the deploy of the merge ends on the tip."""
    answers = tmp_path / "it-may-answer"
    old = site.release(wrong_every=7, after=str(answers))
    moved = list[str]()

    def move() -> None:
        seen(lambda: starting(site))
        moved.append(site.release(wrong_every=8))
        answers.touch()

    with ThreadPoolExecutor() as beside:
        moving = beside.submit(move)
        run = site.execute("deploy", site.started("push"))
        moving.result()

    assert ["See that it serves what is pinned"] == run.red, run.log[-3000:]
    assert old == site.served("dev")
    assert site.execute("deploy", site.started("push")).green
    assert moved == [site.served("dev")]


def jobs_of(rendered: Path, name: str) -> dict[str, Any]:
    """Return the jobs of a workflow file."""
    return yaml.load((rendered / ".github" / "workflows" / f"{name}.yml").read_text(), yaml.BaseLoader)["jobs"]


def test_deploys_of_an_environment_share_one_group(rendered: Path) -> None:
    """One runs, one waits; none is cancelled but by an emergency, which is in the same group and waits for none."""
    deploying = jobs_of(rendered, "deploy")["deploy"]["concurrency"]
    rolling_back = jobs_of(rendered, "rollback")["rollback"]["concurrency"]

    assert {"group": "deploy-${{ matrix.environment.environment }}", "cancel-in-progress": "false"} == deploying
    assert {
        "group": "${{ inputs.emergency && 'deploy' || 'rollback' }}-${{ matrix.environment.environment }}",
        "cancel-in-progress": "${{ inputs.emergency }}",
    } == rolling_back


def test_no_deploy_is_replaced_by_that_of_another_push(rendered: Path) -> None:
    """The group of a run is its commit: only the jobs of one environment wait for each other."""
    document = yaml.load((rendered / ".github" / "workflows" / "deploy.yml").read_text(), yaml.BaseLoader)

    assert "deploy-${{ github.sha }}" == document["concurrency"]["group"]
