"""A budget in AWS Budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi_aws import budgets

from components.budget.contract import AwsBudgetSpec, BudgetOutputs
from components.component import Component

if TYPE_CHECKING:
    from pulumi import Input, ResourceOptions

    from components.alerts.contract import AlertsOutputs
    from components.base import AwsPlace


class AwsBudget(Component[BudgetOutputs]):
    """A monthly cost budget whose thresholds are announced through the environment's alerts."""

    def __init__(
        self,
        name: str,
        spec: AwsBudgetSpec,
        *,
        place: AwsPlace,
        alerts: AlertsOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, alerts)
        actual = [_notification("ACTUAL", percent, alerts.channel) for percent in spec.actual_percents]
        budget = budgets.Budget(
            name,
            name_prefix=f"{place.prefix}-{name}-",
            budget_type="COST",
            limit_amount=str(spec.monthly_limit_usd),
            limit_unit="USD",
            time_unit="MONTHLY",
            notifications=[*actual, _notification("FORECASTED", spec.forecast_percent, alerts.channel)],
            opts=self.child,
        )
        self.outputs = self.promise(BudgetOutputs(name=budget.name))


def _notification(kind: str, percent: int, channel: Input[str]) -> budgets.BudgetNotificationArgs:
    return budgets.BudgetNotificationArgs(
        notification_type=kind,
        comparison_operator="GREATER_THAN",
        threshold=percent,
        threshold_type="PERCENTAGE",
        subscriber_sns_topic_arns=[channel],
    )
