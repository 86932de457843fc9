"""Stage `ingest`: bring rows from every source into one table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from . import config, paths, schema


def sample() -> pd.DataFrame:
    """Return the sample: 20,190 person-years; the file names no person, so the row number is the key."""
    from statsmodels.datasets import randhie

    frame: pd.DataFrame = randhie.load_pandas().data
    frame[schema.KEY] = [f"rand-{number:05d}" for number in range(len(frame))]
    frame[schema.LABEL] = frame["mdvis"] > 0
    return frame


def csv(path: Path) -> pd.DataFrame:
    """Read rows from a CSV file, or say which columns it lacks."""
    if not path.is_file():
        raise SystemExit(f"params.yaml: ingest.sources: {path}: no such file")
    frame = pd.read_csv(path, dtype={schema.KEY: str})
    missing = [name for name in schema.ALL if name not in frame.columns]
    if missing:
        raise SystemExit(f"{path}: missing columns: {', '.join(missing)}")
    return frame


def read(source: config.Source) -> pd.DataFrame:
    """Read one source in the shape of the data contract; columns that it does not name are left behind."""
    match source:
        case config.SampleSource():
            frame = sample()
        case config.CsvSource(path=path):
            frame = csv(Path(path))
    numbers = dict.fromkeys((*schema.NAMES, schema.LABEL), "float64")
    return frame[list(schema.ALL)].astype(numbers)


def main() -> None:
    """Write one table of all sources."""
    sources = config.load().ingest.sources
    rows = pd.concat([read(source) for source in sources], ignore_index=True)
    rows.to_parquet(paths.made(paths.INGESTED), index=False)


if __name__ == "__main__":
    main()
