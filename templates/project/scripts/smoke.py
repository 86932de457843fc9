"""Run the pipeline from end to end in a scratch folder, small, and score with what it made.

Nothing of the project changes: `dvc.lock`, `build` and DVC's cache are those of the scratch folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

SOURCES = [{"source": "sample"}]
"""Rows that need no credentials: `data/raw` is out of reach where pull requests are checked."""
MOST = {"folds": 2, "importance_repeats": 1, "iterations": 5}
"""The most of each parameter of that name."""
COPIED = ("dvc.yaml", "src", "uv.lock")
BIN = Path(".venv/bin")


def lowered(value: Any) -> Any:
    """Return parameters, none of them above its most."""
    if not isinstance(value, dict):
        return value
    return {name: min(found, MOST[name]) if name in MOST else lowered(found) for name, found in value.items()}


def prepare(folder: Path) -> None:
    """Fill a folder with the pipeline and small parameters; its environment is the project's."""
    for name in COPIED:
        copy = shutil.copytree if Path(name).is_dir() else shutil.copyfile
        copy(name, folder / name)
    params = lowered(yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8")))
    params["ingest"] = {**params["ingest"], "sources": SOURCES}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    (folder / "data" / "raw").mkdir(parents=True)
    (folder / ".venv").symlink_to(BIN.parent.absolute())
    (folder / ".dvc").mkdir()
    settings = "".join(f"    {name} = {value}\n" for name, value in (("no_scm", True), ("analytics", False)))
    (folder / ".dvc" / "config").write_text(f"[core]\n{settings}", encoding="utf-8")


def commands() -> list[list[str]]:
    """Return the pipeline, and the scoring command of each model as the gate calls it."""
    found = [[str(BIN / "dvc"), "repro"]]
    for name, model in yaml.safe_load(Path(".stackwright.yaml").read_text(encoding="utf-8"))["models"].items():
        output = f"{name}.csv"
        found.append([*model["score"], "--package", model["package"], "--rows", model["rows"], "--output", output])
    return found


def main() -> None:
    """Run each command, and leave with the code of the first one that fails."""
    with tempfile.TemporaryDirectory(prefix="smoke-") as name:
        folder = Path(name)
        prepare(folder)
        for command in commands():
            done = subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": "src"}, check=False)
            if done.returncode:
                sys.exit(done.returncode)


if __name__ == "__main__":
    main()
