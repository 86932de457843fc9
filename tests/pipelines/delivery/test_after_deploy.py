"""What jobs do after a deploy: see that it is served, look at what it answers, and say what was wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pipelines.delivery import monitoring
from pipelines.delivery.job import write_summary
from pipelines.delivery.monitoring import retraining_key
from pipelines.release.deployment import deploy
from pipelines.release.results import Result
from tests.harness.command import stackwright
from tests.pipelines.monitor.conftest import Scene

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.monitor.results import MonitorResult
    from pipelines.project import Project
    from tests.pipelines.delivery.conftest import Job


def test_what_is_pinned_is_served(job: Job) -> None:
    """Green, with the release in the summary."""
    deploy(job.toy.project, "dev", "toy")

    done = job.ci("served", "--environment", "dev")

    assert (0, "") == (done.code, done.err)
    assert done.out.startswith("dev/toy: serves release 2 (sha256:")


def test_what_is_not_served_turns_a_job_red(job: Job) -> None:
    """Nothing, or another digest than the tip's: both are named, in the summary, too."""
    told = (
        f"promotions/dev/toy.yaml: dev serves nothing, pinned is {str(job.toy.pin('dev')['digest'])[:19]}; deploy again"
    )
    nothing = job.ci("served", "--environment", "dev")
    assert (1, [told]) == (nothing.code, nothing.problems)
    assert "promotions&#47;dev&#47;toy" in job.summary

    deploy(job.toy.project, "dev", "toy")
    before = str(job.toy.pin("dev")["digest"])[:19]
    job.toy.publish(wrong_every=8)
    job.push()
    other = job.ci("served", "--environment", "dev")

    now = str(job.toy.pin("dev")["digest"])[:19]
    assert [f"promotions/dev/toy.yaml: dev serves {before}, pinned is {now}; deploy again"] == other.problems


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """Reference rows of a model, and its traffic."""
    found = Scene(tmp_path / "scene")
    found.folder.mkdir()
    found.write_reference()
    return found


def look(job: Job, result: MonitorResult, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Let the job monitor, and find a result."""

    def found(project: Project, environment: str, model: str, report: Path) -> Result:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text("report")
        return Result(
            command="monitor",
            status="done",
            environment=environment,
            model=model,
            summary=f"{environment}: {result.verdict}",
            details=result.reasons,
            data=result.model_dump(mode="json"),
        )

    monkeypatch.setattr(monitoring, "monitor_environment", found)
    done = job.ci("monitor", "--environment", "prod", "--model", "toy", "--folder", job.folder / "monitor")
    assert (0, "") == (done.code, done.err)
    return job.outputs


def test_drift_is_a_finding_and_asks_for_a_retraining(job: Job, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """One key of the issue for ever; the key of the retraining is that of the data."""
    scene.traffic(3000, shift=2)
    first = scene.monitor(retrain=True)

    said = look(job, first, monkeypatch)

    assert {"verdict": "retrain", "finding": "true", "key": "monitor/prod/toy", "title": "toy in prod: retrain"} == {
        name: value for name, value in said.items() if name != "retraining"
    }
    assert re.fullmatch(r"monitor/prod/toy/[0-9a-f]{16}", said["retraining"])
    assert said == look(job, scene.monitor(retrain=True), monkeypatch)
    scene.traffic(500, shift=2)
    assert said["retraining"] != look(job, scene.monitor(retrain=True), monkeypatch)["retraining"]
    assert {"report.html", "result.json", "finding.md"} == {path.name for path in (job.folder / "monitor").iterdir()}
    assert 0 == job.ci("issue", "--key", said["key"], "--title", said["title"]).code


def test_what_is_ok_resolves_and_what_nobody_can_tell_does_neither(
    job: Job, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No retraining in both cases."""
    nobody = look(job, scene.monitor(), monkeypatch)
    scene.traffic(3000)
    well = look(job, scene.monitor(), monkeypatch)

    assert ("insufficient_data", "", "") == (nobody["verdict"], nobody["finding"], nobody["retraining"])
    assert ("ok", "false", "") == (well["verdict"], well["finding"], well["retraining"])


def test_another_package_is_another_finding(scene: Scene) -> None:
    """The same traffic of another digest has another key."""
    scene.traffic(3000, shift=2)
    result = scene.monitor(retrain=True)
    other = result.model_copy(update={"digest": f"sha256:{'b' * 64}"})

    assert retraining_key("k", result) != retraining_key("k", other)


def test_where_nothing_is_pinned_there_is_nothing_to_monitor(job: Job) -> None:
    """Green, and all outputs are empty but the key."""
    (job.root / "promotions/prod/toy.yaml").unlink()
    job.toy.commit("unpin")
    job.push()

    done = job.ci("monitor", "--environment", "prod", "--model", "toy")

    assert (0, {"key": "monitor/prod/toy"}) == (done.code, {k: v for k, v in job.outputs.items() if v})


def test_a_gate_that_blocks_is_in_the_summary_with_its_reason(job: Job) -> None:
    """A person who looks at the red job need not read its log."""
    job.toy.publish(wrong_every=2)
    job.push()
    (job.folder / "summary").write_text("")

    done = stackwright("gate", "--env", "staging", "--project", job.root)

    assert 4 == done.code
    assert "**gate: blocked**" in job.summary
    assert "worse" in job.summary


def test_a_summary_that_is_too_long_says_so(job: Job) -> None:
    """A host refuses more than a mebibyte, and would show nothing."""
    (job.folder / "summary").write_text("")

    write_summary("x" * 2_000_000)

    assert "The summary is too long; the log has it.\n\n" == job.summary


def test_a_problem_is_in_the_summary_as_text(job: Job) -> None:
    """Whatever a pull request writes into a file."""
    line = {"model": "toy", "digest": job.toy.pin("prod")["digest"], "environment": "prod", "reason": "x\n::error::@y"}
    job.toy.edit("promotions/refused.yaml", refused=[line])
    (job.folder / "summary").write_text("")

    done = stackwright("verify", "--project", job.root)

    assert 4 == done.code
    assert "@y" not in job.summary
    assert not [text for text in done.err.splitlines() if text.startswith("::")]
