"""Stage `featurize`, and the one feature function.

`features` is written against the Python array API. Training runs it on numpy arrays; packaging traces the same function
into the ONNX graph, so a package takes raw columns and carries the features it was trained with. There is no second
implementation that could drift away, and an old package still scores after this file has changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from . import paths, schema

DERIVED = ("cost_of_disease", "limited_by_disease", "poor_health", "log_disease")
NAMES = (*schema.NAMES, *DERIVED)


def features(columns: Any) -> Any:
    """Turn raw columns (rows x `schema.NAMES`) into features (rows x `NAMES`); any array of the array API will do."""
    xp = columns.__array_namespace__()
    column = {name: columns[:, index : index + 1] for index, name in enumerate(schema.NAMES)}
    log_disease = xp.log1p(column["disea"])
    derived = [
        column["lncoins"] * log_disease,
        column["physlm"] * column["disea"],
        column["hlthg"] + 2.0 * column["hlthf"] + 3.0 * column["hlthp"],
        log_disease,
    ]
    return xp.concat([columns, *derived], axis=1)


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return features, with key and label beside them."""
    values = np.asarray(features(schema.matrix(rows)), dtype=np.float32)
    frame = pd.DataFrame(values, columns=list(NAMES))
    frame.insert(0, schema.KEY, rows[schema.KEY].to_numpy())
    frame[schema.LABEL] = rows[schema.LABEL].to_numpy(dtype=np.int64)
    return frame


def read(path: Path) -> tuple[pd.DataFrame, pd.Series[int]]:
    """Read a table of features as what an estimator takes: features and labels."""
    frame = pd.read_parquet(path)
    return frame[list(NAMES)], frame[schema.LABEL]


def main() -> None:
    """Write the features of both sides of the split."""
    for rows, target in [(paths.TRAIN, paths.TRAIN_FEATURES), (paths.TEST, paths.TEST_FEATURES)]:
        table(pd.read_parquet(rows)).to_parquet(paths.made(target), index=False)


if __name__ == "__main__":
    main()
