"""Environments of their own for what is measured against: its pins do not mix with ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def python_of(name: str) -> Path:
    """Return the interpreter of `.cache/<name>`; make it when it is not there or `requirements/<name>.txt` changed."""
    pins, environment = ROOT / "requirements" / f"{name}.txt", ROOT / ".cache" / name
    python, made_from = environment / "bin" / "python", environment / "made-from.txt"
    if made_from.is_file() and made_from.read_bytes() == pins.read_bytes():
        return python
    uv = shutil.which("uv", path=f"{ROOT / '.tools/uv/bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise SystemExit("uv is not installed; run `make setup`")
    for command in (
        ["venv", "-q", "--clear", "--python", sys.executable, str(environment)],
        ["pip", "sync", "-q", "--python", str(python), "--require-hashes", "--compile-bytecode", str(pins)],
    ):
        subprocess.run([uv, *command], check=True, env={"UV_CACHE_DIR": str(ROOT / ".cache" / "uv")} | os.environ)
    made_from.write_bytes(pins.read_bytes())
    return python


def command_of(name: str, pinned: Path, command: str) -> Path:
    """Return a command of Node.js in `.cache/<name>`; install it when the lock file of its folder changed."""
    environment = ROOT / ".cache" / name
    made_from, lock = environment / "made-from.json", (pinned / "package-lock.json").read_bytes()
    found = environment / "node_modules" / ".bin" / command
    if made_from.is_file() and made_from.read_bytes() == lock:
        return found
    if shutil.which("npm") is None:
        raise SystemExit("npm is not installed; it installs what is measured against")
    environment.mkdir(parents=True, exist_ok=True)
    for file in ("package.json", "package-lock.json"):
        shutil.copy(pinned / file, environment)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=environment, check=True)
    made_from.write_bytes(lock)
    return found
