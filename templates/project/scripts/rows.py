"""See that the rows at hand are those that the pinned pipeline held out: the ones that no model was trained on."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

LOCK, STAGE = "dvc.lock", "split"


def committed() -> dict[str, Any]:
    """Return the lock of the pipeline as it is committed, or nothing."""
    done = subprocess.run(["git", "show", f"HEAD:{LOCK}"], capture_output=True, check=False)
    return yaml.safe_load(done.stdout) or {}


def others(outputs: list[dict[str, Any]]) -> list[str]:
    """Return the files that are not what the lock says."""
    return [out["path"] for out in outputs if hashlib.md5(Path(out["path"]).read_bytes()).hexdigest() != out["md5"]]


def main() -> None:
    """Leave with what is wrong."""
    stage = committed().get("stages", {}).get(STAGE)
    if stage is None:
        sys.exit(f"{LOCK}: stage `{STAGE}` is not committed; its pull request comes from Train")
    wrong = others(stage["outs"])
    if wrong:
        sys.exit("\n".join(f"{path}: not the rows of {LOCK}; Train proposes one of the present code" for path in wrong))


if __name__ == "__main__":
    main()
