from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.monitor.policy import ModelMonitorPolicy, MonitorPolicy
from stacks.load import load

WHOLE = """\
models:
  churn:
    window: {rows: 500}
    votes: {alert: 2, of: 3}
    min_rows: 200
    drift: {psi: 0.1, ks: 0.1, confidence: 0.99}
    quality: {metric: accuracy, drop: 0.05, min_labels: 200}
    retrain: true
"""


def read(folder: Path, text: str) -> MonitorPolicy:
    """Read a policy file."""
    path = folder / "monitor.yaml"
    path.write_text(text)
    return load(path, MonitorPolicy, "policies/monitor.yaml")


def test_a_whole_policy_is_read(tmp_path: Path):
    """Every field of the documented example arrives."""
    policy = read(tmp_path, WHOLE).of("churn")
    assert policy.quality
    assert (500, 2, 3, 200, 0.1, 0.1, 0.99, "accuracy", 0.05, 200, True) == (
        policy.window.rows,
        policy.votes.alert,
        policy.votes.of,
        policy.min_rows,
        policy.drift.psi,
        policy.drift.ks,
        policy.drift.confidence,
        policy.quality.metric,
        policy.quality.drop,
        policy.quality.min_labels,
        policy.retrain,
    )


def test_what_is_left_out_is_the_documented_example_without_quality_and_retraining(tmp_path: Path):
    """Defaults are those of the example; judging labels and retraining are choices."""
    policy = read(tmp_path, WHOLE).of("churn")
    assert policy.model_copy(update={"quality": None, "retrain": False}) == ModelMonitorPolicy()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("rows: 500", "row: 500", "window.row: unknown field; did you mean `rows`?"),
        ("rows: 500", "rows: many", "window.rows: `many`: input should be a valid integer"),
        ("rows: 500", "rows: 5", "window.rows: `5`: input should be greater than or equal to 30"),
        ("of: 3", "of: 1", "votes.of: `1`: fewer windows than the 2 votes of `alert`; raise `of` or lower `alert`"),
        ("alert: 2", "alert: 0", "votes.alert: `0`: input should be greater than or equal to 1"),
        (
            "min_rows: 200",
            "min_rows: 900",
            "min_rows: `900`: more than the 500 of `window.rows`: no window could ever be judged",
        ),
        ("psi: 0.1", "psi: 0", "drift.psi: `0`: input should be greater than 0"),
        ("ks: 0.1", "ks: 1", "drift.ks: `1`: input should be less than 1"),
        (
            "confidence: 0.99",
            "confidence: 99",
            "drift.confidence: `99`: input should be less than or equal to 0.999999",
        ),
        ("metric: accuracy", "metric: auc", "quality.metric: `auc`: input should be 'accuracy'"),
        ("drop: 0.05", "drop: -1", "quality.drop: `-1`: input should be greater than 0"),
        ("retrain: true", "retrain: on", "retrain: `on`: input should be a valid boolean"),
    ],
)
def test_a_wrong_value_is_named_with_its_path(tmp_path: Path, old: str, new: str, problem: str):
    """Ranges are checked where the person typed them."""
    with pytest.raises(UserError) as error:
        read(tmp_path, WHOLE.replace(old, new))
    assert [f"policies/monitor.yaml: models.churn.{problem}"] == error.value.problems


def test_more_labels_than_are_looked_at_are_refused(tmp_path: Path):
    """Quality could never be judged."""
    with pytest.raises(UserError, match=r"quality: .*`min_labels` is more than the 1500 rows .* looked at$"):
        read(tmp_path, WHOLE.replace("min_labels: 200", "min_labels: 2000"))


@pytest.mark.parametrize(("name", "hint"), [("churm", "; did you mean `churn`?"), ("zzz", "; listed: churn")])
def test_a_model_that_is_not_listed_is_named(tmp_path: Path, name: str, hint: str):
    """Monitoring without a policy is not silently skipped."""
    with pytest.raises(UserError) as error:
        read(tmp_path, WHOLE).of(name)
    assert [f"policies/monitor.yaml: models: `{name}` is not listed{hint}; add it"] == error.value.problems


def test_an_empty_policy_lists_none():
    """The message says so."""
    with pytest.raises(UserError, match="listed: none"):
        MonitorPolicy(models={}).of("churn")
