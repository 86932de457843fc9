"""The organisation's own budgets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.base import Spec
from components.budget.contract import BudgetOutputs


class LedgerSpec(Spec[BudgetOutputs]):
    """An account of the organisation's ledger."""

    flavor: Literal["ledger"] = "ledger"
    number: str = Field(examples=["4711"])
    """Number of the account."""
