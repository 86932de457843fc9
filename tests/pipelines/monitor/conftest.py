from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.monitor.policy import ModelMonitorPolicy
from pipelines.monitor.results import MonitorResult
from pipelines.monitor.run import monitor

START = datetime(2026, 11, 21, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64


def line(number: int, **fields: Any) -> str:
    """Return one line of a prediction log, `number` seconds after the start."""
    said: dict[str, Any] = {
        "time": (START + timedelta(seconds=number)).isoformat().replace("+00:00", "Z"),
        "request_id": f"r{number}",
        "row": 0,
        "model": "churn",
        "digest": DIGEST,
        "features": {"age": 40.0, "plan": "basic"},
        "prediction": 1,
        "score": 0.7,
    }
    return json.dumps(said | fields)


class Scene:
    """The files that monitoring reads, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reference = folder / "reference.csv"
        self.signature = folder / "signature.json"
        self.predictions = folder / "predictions"
        self.labels = folder / "labels"
        self._random = np.random.default_rng(1)
        self._number = 0

    def rows(self, count: int, shift: float = 0.0, accuracy: float = 0.9) -> list[dict[str, Any]]:
        """Draw rows of a model that answers with the accuracy."""
        ages = self._random.normal(40 + 10 * shift, 10, count)
        plans = self._random.choice(["basic", "plus"], count)
        right = self._random.random(count) < accuracy
        return [
            {"age": float(age), "plan": str(plan), "prediction": int(age > 40), "score": 0.5, "hit": bool(hit)}
            for age, plan, hit in zip(ages, plans, right, strict=True)
        ]

    def write_reference(self, count: int = 2000, accuracy: float = 0.9) -> None:
        """Write `reference.csv`."""
        lines = ["age,plan,prediction,score,label"]
        for row in self.rows(count, accuracy=accuracy):
            label = row["prediction"] if row["hit"] else 1 - row["prediction"]
            lines.append(f"{row['age']},{row['plan']},{row['prediction']},{row['score']},{label}")
        self.reference.write_text("\n".join(lines) + "\n")

    def traffic(self, count: int, shift: float = 0.0, accuracy: float = 0.9, **fields: Any) -> None:
        """Append rows to the log, and their labels."""
        self.predictions.mkdir(exist_ok=True)
        self.labels.mkdir(exist_ok=True)
        log, labels = self.predictions / "one.jsonl", self.labels / f"{self._number:06}.csv"
        answers = ["request_id,row,label"]
        with log.open("a") as file:
            for row in self.rows(count, shift, accuracy):
                self._number += 1
                features = {"age": row["age"], "plan": row["plan"]}
                said = {"features": features, "prediction": row["prediction"], "score": row["score"]}
                file.write(line(self._number, **(said | fields)) + "\n")
                answers.append(f"r{self._number},0,{row['prediction'] if row['hit'] else 1 - row['prediction']}")
        labels.write_text("\n".join(answers) + "\n")

    def monitor(self, digest: str = DIGEST, **policy: Any) -> MonitorResult:
        """Monitor it."""
        return monitor(
            reference=self.reference,
            signature=self.signature if self.signature.exists() else None,
            predictions=self.predictions,
            labels=self.labels,
            digest=digest,
            policy=ModelMonitorPolicy.model_validate(policy),
            now=START,
        )


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A package with 2,000 reference rows, and neither traffic nor labels."""
    scene = Scene(tmp_path)
    scene.write_reference()
    return scene


@pytest.fixture
def prediction_line():
    """Return one line of a prediction log, `number` seconds after the start, with other fields if given."""
    return line
