"""Stage `package`: the folder that is released, the same bytes for the same inputs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

from . import config, conversion, features, manifest, paths, schema
from .scorer import Scorer
from .split import position


def signature() -> dict[str, Any]:
    """Return what callers send and get, and which fields are personal."""
    return {
        "inputs": [{"name": name, "datatype": "FP64", "shape": [-1, 1]} for name in schema.NAMES],
        "outputs": [
            {"name": "prediction", "datatype": "INT64", "shape": [-1, 1]},
            {"name": "score", "datatype": "FP64", "shape": [-1, 1]},
        ],
        "personal": {column.name: column.personal for column in schema.COLUMNS if column.personal},
    }


def parity(model: Any, scorer: Scorer, rows: pd.DataFrame) -> float:
    """Return the largest difference between the model's probability and the graph's, from raw columns on."""
    columns = schema.matrix(rows)
    expected = model.predict_proba(np.asarray(features.features(columns)))[:, 1]
    _, score = scorer.score(columns)
    return float(np.abs(expected - score).max())


def reference(scorer: Scorer, rows: pd.DataFrame, limit: int, salt: str) -> pd.DataFrame:
    """Return held-out rows as monitoring wants them: what the model sees and says, and what was true.

    Rows are drawn by their key, not by their place, so that the draw does not favour early rows.
    """
    places = rows[schema.KEY].map(lambda key: position(key, f"{salt} reference"))
    drawn = rows.loc[places.sort_values(kind="stable").index[:limit]]
    columns = schema.matrix(drawn)
    prediction, score = scorer.score(columns)
    shown = [column.name for column in schema.COLUMNS if column.personal is None]
    seen = pd.DataFrame(columns.astype(np.float64), columns=list(schema.NAMES))[shown]
    return seen.assign(prediction=prediction, score=score, label=drawn[schema.LABEL].to_numpy(dtype=np.int64))


def build(model: Any, rows: pd.DataFrame, params: config.Params, target: Path) -> tuple[str, float]:
    """Write the package, check it against the model, and return its digest and the parity found."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    (target / "model.onnx").write_bytes(conversion.convert(model).SerializeToString(deterministic=True))
    (target / "signature.json").write_bytes(manifest.canonical(signature()))
    scorer = Scorer(target)
    difference = parity(model, scorer, rows)
    if not difference <= params.package.parity_tolerance:
        raise SystemExit(f"{target}: scores differ by {difference:.2e} after conversion to ONNX")
    table = reference(scorer, rows, params.package.reference_rows, params.split.salt)
    table.to_csv(target / "reference.csv", index=False, lineterminator="\n")
    return manifest.write(target), difference


def main() -> None:
    """Write the package of the trained model."""
    digest, difference = build(joblib.load(paths.MODEL), pd.read_parquet(paths.TEST), config.load(), paths.PACKAGE)
    found = {"parity": difference, "package_digest": digest}
    paths.made(paths.PARITY).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(digest)


if __name__ == "__main__":
    main()
