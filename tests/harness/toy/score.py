"""A scoring command of few lines: wrong on every n-th row, as its package says."""

import argparse
import csv
import json
from pathlib import Path

parser = argparse.ArgumentParser()
for name in ("package", "rows", "output"):
    parser.add_argument(f"--{name}", type=Path)
given = parser.parse_args()
model = json.loads((given.package / "model.json").read_text())
with given.rows.open(newline="") as file, given.output.open("w", newline="") as out:
    writer = csv.writer(out)
    writer.writerow(["key", "label", "prediction", "score", "group"])
    for index, row in enumerate(csv.DictReader(file)):
        label = int(row["label"])
        wrong = (index + model.get("offset", 0)) % model["wrong_every"] == 0
        prediction = 1 - label if wrong else label
        score = model.get("score", 0.9 if prediction else 0.1)
        writer.writerow([row["key"], label, prediction, score, "odd" if index % 2 else "even"])
