"""What `make` does in a project of few files: `python -m tests.harness.toy.pipeline TARGET ENVIRONMENT`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.harness.project import Toy

MODEL = "toy"


def main(target: str) -> None:
    """Make what a target is asked for; most of them only have to succeed."""
    toy = Toy(Path.cwd(), Path())
    if target == "train":
        toy.build(MODEL, **json.loads(Path("params.json").read_text()))
        if Path("broken/package").exists():
            _write(f"build/{MODEL}/model.json", {"wrong_every": 1})
        _write("build/evaluate/metrics.json", {"accuracy": 0.9})
    if target in {"train", "rows"}:
        Path("data").mkdir(exist_ok=True)
        toy.rows(1000, MODEL)
    if target == "sbom":
        _write("build/sbom.json", {"components": []})
        _write("build/supply.json", {"sbom": "sha256:" + "0" * 64})


def _write(path: str, content: object) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(content))


if __name__ == "__main__":
    main(sys.argv[1])
