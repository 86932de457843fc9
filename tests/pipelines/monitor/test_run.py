import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from components.errors import UserError
from pipelines.monitor.policy import ModelMonitorPolicy
from pipelines.monitor.results import MonitorResult, Verdict
from pipelines.monitor.run import monitor

QUALITY = {"drop": 0.05, "min_labels": 200}


def test_calm_traffic_is_ok(scene):
    """The same people, answered as well: nothing to do, over three windows."""
    scene.traffic(1500)
    result = scene.monitor(quality=QUALITY, retrain=True)
    assert (Verdict.OK, 3, 1500, 1500) == (result.verdict, len(result.windows), result.rows, result.labels)


def test_shifted_traffic_calls_for_retraining(scene):
    """Two windows of three that drift, in feature, score and answer, are enough."""
    scene.traffic(500)
    scene.traffic(1000, shift=1)
    result = scene.monitor(retrain=True)
    assert (Verdict.RETRAIN, [{"age", "prediction"}, {"age", "prediction"}, set()]) == (
        result.verdict,
        [{column.name for column in window.drifted} for window in result.windows],
    )


def test_one_odd_window_is_not_enough(scene):
    """It is said, and waited for."""
    scene.traffic(1000)
    scene.traffic(500, shift=1)
    result = scene.monitor(retrain=True)
    assert (Verdict.OK, True) == (
        result.verdict,
        any("window 1 (500 rows): age" in reason for reason in result.reasons),
    )


def test_labels_that_prove_a_drop_call_for_retraining(scene):
    """Inputs alike, answers wrong: only labels show it."""
    scene.traffic(1000, accuracy=0.7)
    result = scene.monitor(quality=QUALITY, retrain=True)
    assert (Verdict.RETRAIN, True) == (result.verdict, all(not window.drifted for window in result.windows))


def test_labels_that_have_not_arrived_are_waited_for(scene):
    """Drift decides until then."""
    scene.traffic(1000, accuracy=0.7)
    shutil.rmtree(scene.labels)
    result = scene.monitor(quality=QUALITY, retrain=True)
    assert (Verdict.OK, "quality was not judged: 0 labelled predictions, 200 are needed") == (
        result.verdict,
        result.reasons[-1],
    )


@pytest.mark.parametrize("rows", [0, 150, 699])
def test_little_traffic_is_insufficient(scene, rows: int):
    """Neither calm nor drift can be claimed below two windows, however far it moved."""
    if rows:
        scene.traffic(rows, shift=3)
    result = scene.monitor(retrain=True)
    assert (Verdict.INSUFFICIENT_DATA, rows) == (result.verdict, result.rows)


def test_an_older_window_needs_its_least_rows(scene):
    """700 rows are a window of 500 and one of 200, which is the least."""
    scene.traffic(700)
    assert [500, 200] == [window.rows for window in scene.monitor().windows]


def test_traffic_of_another_package_does_not_count(scene):
    """After a deployment judging starts anew."""
    scene.traffic(1500, shift=1, digest="sha256:old")
    scene.traffic(100)
    assert (Verdict.INSUFFICIENT_DATA, 100) == (scene.monitor().verdict, scene.monitor().rows)


def test_a_feature_that_stops_arriving_is_an_alert(scene):
    """Retraining would learn the gap, so a person is called, although the answers moved as well."""
    scene.traffic(1500, features={"plan": "basic"}, prediction=1)
    result = scene.monitor(retrain=True)
    assert {"age", "plan", "prediction"} == {column.name for column in result.windows[0].drifted}
    assert (Verdict.ALERT, "values of age stopped arriving, which retraining cannot repair; mend the inputs first") == (
        result.verdict,
        result.reasons[-1],
    )


def test_a_server_killed_while_it_wrote_is_noted(scene):
    """One torn line stops nothing."""
    scene.traffic(1000)
    with (scene.predictions / "one.jsonl").open("a") as file:
        file.write('{"time": "2026-')
    result = scene.monitor()
    assert (Verdict.OK, ["torn last lines left out, of servers killed while they wrote: 1"]) == (
        result.verdict,
        result.notes,
    )


def test_quality_without_labels_in_the_reference_is_refused(scene):
    """There would be nothing to compare with."""
    scene.reference.write_text("age,prediction\n1,1\n")
    with pytest.raises(UserError, match=r"reference\.csv: label: no labels, but the policy asks for quality"):
        scene.monitor(quality=QUALITY)


def test_the_signature_is_obeyed(scene):
    """Personal columns are not compared."""
    inputs = [{"name": "age", "datatype": "FP64"}, {"name": "plan", "datatype": "BYTES"}]
    scene.signature.write_text(json.dumps({"inputs": inputs, "personal": {"plan": "hash"}}))
    scene.traffic(700)
    assert ["age", "prediction", "score"] == [column.name for column in scene.monitor().windows[0].columns]


def test_the_same_files_give_the_same_result(scene):
    """A result is a function of its inputs, and survives JSON."""
    scene.traffic(1500, shift=0.4)
    result = scene.monitor(quality=QUALITY)
    assert result == scene.monitor(quality=QUALITY)
    assert result == MonitorResult.model_validate_json(result.model_dump_json())


def test_time_is_the_present_by_default(scene):
    """With a zone."""
    result = monitor(
        reference=scene.reference,
        signature=None,
        predictions=scene.predictions,
        labels=scene.labels,
        digest="sha256:x",
        policy=ModelMonitorPolicy(),
    )
    assert abs((datetime.now(UTC) - result.time).total_seconds()) < 60


def test_monitoring_loads_numpy_alone():
    """The command starts fast: no pandas, scipy, matplotlib or mlflow."""
    code = (
        "import sys, pipelines.monitor.run, pipelines.monitor.report;"
        "print({'pandas', 'scipy', 'matplotlib', 'mlflow'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=".")
    assert "set()\n" == said.stdout
