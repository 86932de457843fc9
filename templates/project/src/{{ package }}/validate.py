"""Stage `validate`: hold the rows against the data contract, and name everything that breaks it."""

from __future__ import annotations

import json

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from . import paths, schema


def contract() -> pa.DataFrameSchema:
    """Return the data contract as checks."""
    numbers = {column.name: pa.Column(float, pa.Check.in_range(column.low, column.high)) for column in schema.COLUMNS}
    label = {schema.LABEL: pa.Column(float, pa.Check.isin([0.0, 1.0]))}
    key = {schema.KEY: pa.Column(str, pa.Check.str_length(1, 200), unique=True)}
    return pa.DataFrameSchema({**key, **numbers, **label}, strict=True, ordered=True)


def problems(rows: pd.DataFrame) -> list[str]:
    """Return one line for each rule of the contract that rows break."""
    try:
        contract().validate(rows, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        broken = cases.groupby(["column", "check"], sort=True, dropna=False)
        return [
            f"{column}: {check}: {len(found)} values, such as `{found['failure_case'].iloc[0]}`"
            for (column, check), found in broken
        ]
    return [] if rows[schema.LABEL].nunique() == 2 else [f"{schema.LABEL}: only one class is there"]


def main() -> None:
    """Stop the pipeline when rows break the contract."""
    rows = pd.read_parquet(paths.INGESTED)
    found = problems(rows)
    if found:
        raise SystemExit("\n".join(f"{paths.INGESTED}: {line}" for line in found))
    summary = {"rows": len(rows), "positive_share": round(float(rows[schema.LABEL].mean()), 6)}
    paths.made(paths.VALIDATION).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
