"""Digest and copy of a large package against what the disk and coreutils do in the same run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipelines.release.package import MANIFEST, build_manifest, digest_of, parse_digest

TITLE = "Digest and copy of a 4 GiB package"
GIB = 4
PIECE = 1 << 20

PEAK = """
from pathlib import Path as Folder
for line in Folder("/proc/self/status").read_text().splitlines():
    if line.startswith("VmHWM"):
        print(line.split()[1])
"""
DIGEST = (
    """
import sys
from pathlib import Path
from pipelines.release.package import read_package
read_package(Path(sys.argv[1]))
"""
    + PEAK
)
COPY = (
    """
import sys
from pathlib import Path
from pipelines.store.base import copy_package
from pipelines.store.open import open_store
source, target = (open_store(Path(name).as_uri(), "bench") for name in sys.argv[1:3])
copy_package(source.open(sys.argv[3], Path(sys.argv[1])), target)
"""
    + PEAK
)


def measure() -> list[dict[str, str | float]]:
    """Return seconds, speed and peak memory of ours and of the plain tools, one row each."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        digest, package = _make_package(folder / "source")
        model = package / "model.onnx"
        plain_digest = _row("sha256sum", ["sha256sum", str(model)])
        our_digest = _row("digest of the package", [sys.executable, "-c", DIGEST, str(package)], plain_digest)
        plain_copy = _row("dd conv=fsync", ["dd", f"if={model}", f"of={folder / 'plain'}", "bs=1M", "conv=fsync"])
        (folder / "plain").unlink()
        command = [sys.executable, "-c", COPY, str(folder / "source"), str(folder / "target"), digest]
        our_copy = _row("copy between stores, hashed at both ends", command, plain_copy)
        return [plain_digest, our_digest, plain_copy, our_copy]


def _make_package(root: Path) -> tuple[str, Path]:
    build = root / "build"
    build.mkdir(parents=True)
    block = bytes(range(256)) * (PIECE // 256)
    with (build / "model.onnx").open("wb") as file:
        for number in range((GIB << 30) // PIECE):
            file.write(number.to_bytes(8, "big") + block[8:])
    manifest = build_manifest(build)
    (build / MANIFEST).write_bytes(manifest)
    digest = digest_of(manifest)
    package = root / "bench" / "models" / "sha256" / parse_digest(digest)
    package.parent.mkdir(parents=True)
    build.rename(package)
    subprocess.run(["sync"], check=True)
    return digest, package


def _row(name: str, command: list[str], plain: dict[str, str | float] | None = None) -> dict[str, str | float]:
    before = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - before
    return {
        "what": name,
        "seconds": round(seconds, 2),
        "MiB/s": round(GIB * 1024 / seconds),
        "speed, plain tool = 1": round(float(plain["seconds"]) / seconds, 2) if plain else 1.0,
        "peak memory MiB": round(int(done.stdout) / 1024) if plain else "-",
    }


if __name__ == "__main__":
    for line in measure():
        print(line)
