"""The data contract: which columns there are, what they may hold, and what may be logged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

KEY = "key"
"""Names a row for good: it decides on which side of the split the row falls."""
LABEL = "label"
"""1 when the person saw a doctor that year, else 0."""


@dataclass(frozen=True)
class Column:
    """One number that callers of the model send."""

    name: str
    low: float
    high: float
    meaning: str
    personal: Literal["drop", "hash"] | None = None
    """What the prediction log does with a personal field; `None` logs it as it is."""


COLUMNS = (
    Column("lncoins", 0, 5, "log of the coinsurance rate in percent, plus one"),
    Column("idp", 0, 1, "1 when the plan has an individual deductible"),
    Column("lpi", 0, 10, "log of the yearly participation payment"),
    Column("fmde", 0, 10, "log of the maximum expenditure before the plan pays all"),
    Column("physlm", 0, 1, "1 when the person is physically limited"),
    Column("disea", 0, 100, "number of chronic diseases, an index"),
    Column("hlthg", 0, 1, "1 when the person calls their health good"),
    Column("hlthf", 0, 1, "1 when the person calls their health fair"),
    Column("hlthp", 0, 1, "1 when the person calls their health poor"),
)
NAMES = tuple(column.name for column in COLUMNS)
ALL = (KEY, *NAMES, LABEL)

SLICES = ("health", "plan")


def matrix(frame: pd.DataFrame) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return the raw columns as the model takes them: one row a line, in the contract's order."""
    return np.ascontiguousarray(frame[list(NAMES)].to_numpy(dtype=np.float32))


def slices(frame: pd.DataFrame) -> pd.DataFrame:
    """Name the groups of people for whom the model must hold up on its own."""
    health = np.select(
        [frame["hlthp"] > 0.5, frame["hlthf"] > 0.5, frame["hlthg"] > 0.5],
        ["poor", "fair", "good"],
        default="excellent",
    )
    plan = np.where(frame["idp"] > 0.5, "deductible", "no-deductible")
    return pd.DataFrame({"health": health, "plan": plan}, index=frame.index)
