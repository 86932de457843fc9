"""An account of the organisation's ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pulumi import Output

from components.budget.contract import BudgetOutputs
from components.component import Component

if TYPE_CHECKING:
    from pulumi import ResourceOptions

    from components.alerts.contract import AlertsOutputs
    from components.base import Place
    from tests.harness.acme.budget.contract import LedgerSpec


class LedgerBudget(Component[BudgetOutputs]):
    """The promises of an account that somebody watches; no resources."""

    package = "acme"

    def __init__(
        self,
        name: str,
        spec: LedgerSpec,
        *,
        place: Place,
        alerts: AlertsOutputs,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, spec, opts, alerts)
        self.outputs = self.promise(BudgetOutputs(name=Output.from_input(spec.number)))
