"""Where the pipeline keeps what it makes; `dvc.yaml` names the same places."""

from pathlib import Path

PARAMS = Path("params.yaml")
LOCK = Path("dvc.lock")

INGESTED = Path("data/ingested.parquet")
VALIDATION = Path("build/validation.json")
TRAIN = Path("data/split/train.parquet")
TEST = Path("data/split/test.parquet")
TRAIN_FEATURES = Path("data/features/train.parquet")
TEST_FEATURES = Path("data/features/test.parquet")

MODEL = Path("build/train/model.joblib")
CROSS_VALIDATION = Path("build/train/cross_validation.json")
EVALUATION = Path("build/evaluate")
METRICS = EVALUATION / "metrics.json"
PACKAGE = Path("build/package")
PARITY = Path("build/parity.json")
TUNED = Path("build/tune/best.yaml")


def made(path: Path) -> Path:
    """Return the path, with the folder it lives in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
