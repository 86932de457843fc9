from __future__ import annotations

import pulumi
import pytest
from pydantic import ValidationError

from components.alerts.contract import SnsSpec
from components.alerts.sns import SnsAlerts
from components.base import Tier
from components.budget.aws_budget import AwsBudget
from components.budget.contract import AwsBudgetSpec
from tests.harness.recorded import PLACES, Recorded, deploy

PROD = PLACES[Tier.PROD]


def budget(spec: AwsBudgetSpec) -> Recorded:
    """A budget beside the alerts that it needs."""

    def program(opts: pulumi.ResourceOptions) -> None:
        alerts = SnsAlerts("alerts", SnsSpec(), place=PROD, opts=opts)
        AwsBudget("budget", spec, place=PROD, alerts=alerts.outputs, opts=opts)

    return deploy(program)


def test_money_spent_and_money_foreseen_are_announced() -> None:
    """Each threshold and the forecast of the month tell the environment's alerts."""
    made = budget(AwsBudgetSpec(monthly_limit_usd=500, actual_percents=(50, 100)))["Budget"].inputs
    told = [(each["notificationType"], each["threshold"]) for each in made["notifications"]]

    assert ("COST", "500", "USD", "MONTHLY") == tuple(
        made[name] for name in ("budgetType", "limitAmount", "limitUnit", "timeUnit")
    )
    assert [("ACTUAL", 50), ("ACTUAL", 100), ("FORECASTED", 100)] == told
    channel = ["${aws:sns/topic:Topic::alerts.arn}"]
    assert [channel] * 3 == [each["subscriberSnsTopicArns"] for each in made["notifications"]]


def test_it_waits_until_it_may_publish() -> None:
    """AWS refuses a budget whose topic does not let it in yet: the topic's policy comes first."""
    waits = budget(AwsBudgetSpec(monthly_limit_usd=500))["Budget"].dependencies

    assert {"Alias", "Key", "Topic", "TopicPolicy"} == {urn.split("::")[2].rsplit(":", 1)[1] for urn in waits}


@pytest.mark.parametrize("percents", [(), (10, 20, 30, 40, 50), (0,)])
def test_thresholds_that_aws_refuses_are_refused(percents: tuple[int, ...]) -> None:
    """A budget has five notifications at most, and one of them is the forecast."""
    with pytest.raises(ValidationError):
        AwsBudgetSpec(monthly_limit_usd=500, actual_percents=percents)
