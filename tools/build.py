"""Build the pinned Go tools that the tests run into `.tools/bin`; a tool whose pins did not change is left alone.

One module per group under `tools/`, because version selection would otherwise mix their dependencies. Nothing is
installed outside of this checkout: `GOCACHE` and `GOMODCACHE` are in `.cache/go` unless they are set.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".tools" / "bin"

TOOLS = {
    "pulumi": (
        "pulumi",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={github.com/pulumi/pulumi/pkg/v3}",
    ),
}
"""Name of the program -> its group, its package, and linker flags, where `{module}` is that module's pinned version."""


def main() -> int:
    """Build what is named on the command line, everything by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="TOOL", help=f"one of {', '.join(TOOLS)}; all by default")
    parser.add_argument("--if-go", action="store_true", help="where Go is missing say so, and build nothing")
    given = parser.parse_args()
    names = given.names or list(TOOLS)
    if unknown := [name for name in names if name not in TOOLS]:
        parser.error(f"unknown tool {', '.join(unknown)}; choose one of {', '.join(TOOLS)}")
    if not shutil.which("go") and given.if_go:
        sys.stderr.write("tools: go: not found; tests of the real Pulumi engine are skipped\n")
        return 0
    if not shutil.which("go"):
        sys.stderr.write("tools: go: not found; install the Go that tools/*/go.mod asks for\n")
        return 1
    for name in names:
        _build(name)
    return 0


def _build(name: str) -> None:
    group, package, flags = TOOLS[name]
    folder = ROOT / "tools" / group
    environment = _environment()
    stamp, wanted = BIN / f".{name}.stamp", _stamp(folder, environment)
    if (BIN / name).exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    BIN.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    versions = dict(re.findall(r"^(?:require)?\s+(\S+) (v\S+)", (folder / "go.mod").read_text(), re.MULTILINE))
    linker = "-s -w " + re.sub(r"\{(.+?)\}", lambda found: versions[found[1]], flags)
    build = ["go", "build", "-mod=readonly", "-ldflags", linker, "-o", f"{BIN / name}.part", package]
    subprocess.run(build, cwd=folder, env=environment, check=True)
    Path(f"{BIN / name}.part").replace(BIN / name)
    stamp.write_text(wanted)


def _environment() -> dict[str, str]:
    cache = ROOT / ".cache" / "go"
    places = {"GOCACHE": str(cache / "build"), "GOMODCACHE": str(cache / "mod")}
    fixed = {"GOFLAGS": "-trimpath -modcacherw", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    return {**places, **os.environ, **fixed}


def _stamp(folder: Path, environment: dict[str, str]) -> str:
    version = subprocess.run(
        ["go", "env", "GOVERSION", "GOOS", "GOARCH"], env=environment, check=True, capture_output=True
    ).stdout
    pinned = [Path(__file__), folder / "go.mod", folder / "go.sum"]
    return hashlib.sha256(version + b"".join(path.read_bytes() for path in pinned)).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
