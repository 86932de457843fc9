"""Score held-out rows with any package: the gate runs this on candidate and champion alike."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from . import manifest, schema
from .scorer import Scorer


def score(package: Path, rows: pd.DataFrame) -> pd.DataFrame:
    """Return key, label, prediction, score and slices, one line a row."""
    manifest.verify(package)
    scorer = Scorer(package)
    columns = rows[scorer.names].to_numpy(dtype=np.float32)
    prediction, scores = scorer.score(np.ascontiguousarray(columns))
    found = {
        "key": rows[schema.KEY],
        "label": rows[schema.LABEL].astype("int64"),
        "prediction": prediction,
        "score": scores,
    }
    return pd.DataFrame(found).join(schema.slices(rows))


def main() -> None:
    """Read a package and rows, write scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, required=True, help="folder of the package")
    parser.add_argument("--rows", type=Path, required=True, help="Parquet file of held-out rows")
    parser.add_argument("--output", type=Path, required=True, help="CSV file to write")
    arguments = parser.parse_args()
    try:
        scores = score(arguments.package, pd.read_parquet(arguments.rows))
    except (manifest.PackageError, OSError) as error:
        raise SystemExit(str(error)) from error
    scores.to_csv(arguments.output, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
