"""What the world does to a model, for rehearsals: traffic, labels that arrive later, change, and a mistake.

Nothing here runs in production. When the data contract changes, change `drifted` with it.
"""

from __future__ import annotations

import argparse
import json
import re
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd

from . import paths, schema

BATCH = 50


def drifted(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the rows in a changed world: a new plan for all, under which mostly the ill see a doctor."""
    ill = (rows["disea"] > rows["disea"].median()) | (rows["physlm"] > 0)
    noise = np.random.default_rng(seed).random(len(rows)) < 0.1
    plan = {"lncoins": 4.62, "idp": 1.0, "lpi": 7.1, "fmde": 0.0}
    return rows.assign(**plan, **{schema.LABEL: (ill ^ noise).astype("float64")})


def sampled(source: Path, count: int, seed: int, *, drift: bool) -> pd.DataFrame:
    """Draw rows, as they are or as the changed world would send them."""
    rows = pd.read_parquet(source).sample(count, replace=True, random_state=seed, ignore_index=True)
    return drifted(rows, seed) if drift else rows


def traffic(url: str, model: str, rows: pd.DataFrame, labels: Path, seed: int) -> None:
    """Send rows in small requests, then write the labels by request and row."""
    lines = ["request_id,row,label"]
    for start in range(0, len(rows), BATCH):
        batch, request = rows.iloc[start : start + BATCH], f"simulated-{seed}-{start}"
        infer(url, model, request, batch)
        lines += [f"{request},{row},{int(label)}" for row, label in enumerate(batch[schema.LABEL])]
    paths.made(labels).write_text("\n".join(lines) + "\n", encoding="utf-8")


def infer(url: str, model: str, request: str, rows: pd.DataFrame) -> None:
    """Ask the server for one batch, as a client would."""
    inputs = [
        {"name": name, "datatype": "FP64", "shape": [len(rows), 1], "data": rows[name].astype("float64").tolist()}
        for name in schema.NAMES
    ]
    body = json.dumps({"id": request, "inputs": inputs}).encode()
    address = f"{url}/v2/models/{model}/infer"
    call = urllib.request.Request(address, data=body, headers={"content-type": "application/json"})
    with urllib.request.urlopen(call, timeout=30) as answer:
        answer.read()


def collect(output: Path, count: int, seed: int) -> None:
    """Write labelled rows of the changed world, and add them to the sources that are trained on."""
    rows = sampled(paths.TRAIN, count, seed, drift=True)
    keys = [f"new-{seed}-{number:05d}" for number in range(count)]
    rows.assign(**{schema.KEY: keys}).to_csv(paths.made(output), index=False, lineterminator="\n")
    source = "{source: csv, path: " + output.as_posix() + "}"
    _replace(r"^( *)- \{source: sample\}$", rf"\g<0>\n\1- {source}")


def weaken() -> None:
    """Make the mistake that a gate is for: train next to nothing."""
    _replace(r"^( *)iterations: \d+$", r"\1iterations: 1")


def _replace(pattern: str, replacement: str) -> None:
    text = paths.PARAMS.read_text(encoding="utf-8")
    changed, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
    if not count:
        raise SystemExit(f"{paths.PARAMS}: nothing matches `{pattern}`; adapt simulate.py to your parameters")
    paths.PARAMS.write_text(changed, encoding="utf-8")


def main() -> None:
    """Run one of the simulations."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    send = commands.add_parser("traffic", help="send held-out rows to a server, and write their labels")
    send.add_argument("--url", required=True)
    send.add_argument("--model", required=True)
    send.add_argument("--labels", type=Path, required=True, help="CSV file to write")
    send.add_argument("--rows", type=int, default=1500)
    send.add_argument("--seed", type=int, default=1)
    send.add_argument("--drift", action="store_true", help="send what a changed world would send")
    gather = commands.add_parser("collect", help="add labelled rows of the changed world to the training data")
    gather.add_argument("--output", type=Path, default=Path("data/raw/new.csv"))
    gather.add_argument("--rows", type=int, default=6000)
    gather.add_argument("--seed", type=int, default=2)
    commands.add_parser("weaken", help="change the parameters so that the next model is worse")
    given = parser.parse_args()
    match given.command:
        case "traffic":
            rows = sampled(paths.TEST, given.rows, given.seed, drift=given.drift)
            traffic(given.url, given.model, rows, given.labels, given.seed)
        case "collect":
            collect(given.output, given.rows, given.seed)
        case _:
            weaken()


if __name__ == "__main__":
    main()
