"""What every budget promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from components.base import Outputs, Spec

if TYPE_CHECKING:
    from pulumi import Output

Percent = Annotated[int, Field(ge=1, le=1000)]


@dataclass(frozen=True, kw_only=True)
class BudgetOutputs(Outputs):
    """What every budget promises."""

    name: Output[str]
    """What the budget is called where the bill is."""


class AwsBudgetSpec(Spec[BudgetOutputs]):
    """A monthly budget of the whole AWS account; it tells, and stops nothing."""

    flavor: Literal["aws_budget"] = "aws_budget"
    monthly_limit_usd: int = Field(ge=1, examples=[500])
    """What the account may cost in a calendar month, in US dollars: environments that share an account share it."""
    actual_percents: tuple[Percent, ...] = Field(default=(50, 80, 100), min_length=1, max_length=4)
    """Shares of the limit at which the money spent is announced."""
    forecast_percent: Percent = 100
    """Share of the limit at which the forecast of the month is announced; AWS needs about five weeks of history."""


BudgetSpec = AwsBudgetSpec
"""A budget of any flavor."""
