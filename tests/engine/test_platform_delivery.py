"""What the platform's jobs ask of the real engine: a saved plan, exactly that, and what drifts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest

from components.errors import UserError
from pipelines.platform_delivery.engine import PulumiEngine, Step
from pipelines.platform_delivery.places import Stack
from tests.harness.aws_plugin.cloud import Cloud
from tests.harness.engine import programs
from tests.harness.engine.stack import Engine

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]

STACK = Stack(Path("project"), "test", "test")
LOG = "aws:cloudwatch/logGroup:LogGroup"


def logs(days: int) -> None:
    """A log, and a bucket beside it."""
    opts = pulumi.ResourceOptions(provider=programs.aws_provider())
    aws.s3.Bucket("archive", bucket="drifting", opts=opts)
    aws.cloudwatch.LogGroup("log", name="/log", retention_in_days=days, opts=opts)


def engine(made: Engine, days: int = 30) -> PulumiEngine:
    """Return the engine as jobs have it, on the same state."""
    variables = made.variables
    return PulumiEngine(made.folder, variables["PULUMI_BACKEND_URL"], variables, lambda: logs(days))


def test_a_plan_is_done_exactly_and_drift_is_seen(small: Callable[[], Engine], tmp_path: Path) -> None:
    """What was previewed is applied, another program is refused, and a change by hand is found, and left alone."""
    made, plan = small(), tmp_path / "plans" / "test.json"
    made.up(lambda: logs(30))
    cloud = Cloud(made.endpoint, made.account, programs.REGION)

    def days() -> int:
        (group,) = cloud.logs.describe_log_groups(logGroupNamePrefix="/log")["logGroups"]
        return group["retentionInDays"]

    assert {"test"} == engine(made).known(STACK.folder)
    would = engine(made, 60).preview(STACK, plan)
    assert [Step("update", LOG, "log", ("retentionInDays",))] == would.steps
    assert 30 == days()

    with pytest.raises(UserError, match=r"test: pulumi: .*violates plan"):
        engine(made, 90).up(STACK, plan)
    assert 30 == days()

    assert would.steps == engine(made, 60).up(STACK, plan).steps
    assert 60 == days()

    cloud.logs.put_retention_policy(logGroupName="/log", retentionInDays=7)
    assert would.steps == engine(made).drift(STACK).steps
    assert 7 == days()
