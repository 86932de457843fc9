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
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".tools" / "bin"
NOTHING_TO_DROP = "all=-dwarf=false"
"""For the compiler: the linker is told to drop what debuggers read (`-w`), so it is not made at all."""


@dataclass(frozen=True)
class Tool:
    """What a program is built from."""

    group: str
    """Folder under `tools/`, with the module that pins everything."""
    package: str
    flags: tuple[str, ...] = ()
    """Of the linker; `{module}` is that module's pinned version."""
    tags: tuple[str, ...] = ()
    """Of the compiler."""


def _kubernetes(program: str) -> Tool:
    """Return a program of the control plane; without its version, clients would take it for a very old one."""
    version = {"gitVersion": "{k8s.io/kubernetes}", "gitMajor": "1", "gitMinor": "36", "gitTreeState": "clean"}
    stamped = {**version, "buildDate": "1970-01-01T00:00:00Z"}
    places = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    flags = tuple(f"-X {place}.{name}={value}" for place in places for name, value in stamped.items())
    return Tool("kubernetes", f"k8s.io/kubernetes/cmd/{program}", flags)


class BuildError(Exception):
    """A tool that Go does not build; it said why."""


TOOLS = {
    "kube-apiserver": _kubernetes("kube-apiserver"),
    "kube-controller-manager": _kubernetes("kube-controller-manager"),
    "kube-scheduler": _kubernetes("kube-scheduler"),
    "pulumi": Tool(
        "pulumi",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ("-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={github.com/pulumi/pulumi/pkg/v3}",),
    ),
    "act": Tool("act", "github.com/nektos/act", tags=("WITHOUT_DOCKER",)),
    "actionlint": Tool(
        "actionlint",
        "github.com/rhysd/actionlint/cmd/actionlint",
        ("-X github.com/rhysd/actionlint.version={github.com/rhysd/actionlint}",),
    ),
    "etcd": Tool("etcd", "go.etcd.io/etcd/server/v3"),
    "kwok": Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
}
"""Name of the program -> what it is built from; those that take long are built first."""


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
        sys.stderr.write(
            "tools: go: not found; tests of the real Pulumi engine, of a real control plane and of executed workflows "
            "are skipped\n"
        )
        return 0
    if not shutil.which("go"):
        sys.stderr.write("tools: go: not found; install the Go that tools/*/go.mod asks for\n")
        return 1
    try:
        _build_groups(names, _go_version())
    except BuildError as error:
        sys.stderr.write(f"tools: {error}: could not be built\n")
        return 1
    return 0


def _build_groups(names: list[str], go: bytes) -> None:
    """Build two groups at a time: one compiles while the other fetches its modules or links."""
    groups = groupby(sorted(names, key=list(TOOLS).index), lambda name: TOOLS[name].group)
    pool = ThreadPoolExecutor(2)
    try:
        running = [pool.submit(_build_group, list(group), go) for _, group in groups]
        for one in as_completed(running):
            one.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _build_group(names: list[str], go: bytes) -> None:
    for name in names:
        _build(name, TOOLS[name], go)


def _build(name: str, tool: Tool, go: bytes) -> None:
    folder = ROOT / "tools" / tool.group
    stamp, wanted = BIN / f".{name}.stamp", _stamp(folder, tool, go)
    if (BIN / name).exists() and stamp.exists() and stamp.read_text() == wanted:
        return
    BIN.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    versions = dict(re.findall(r"^(?:require)?\s+(\S+) (v\S+)", (folder / "go.mod").read_text(), re.MULTILINE))
    linker = re.sub(r"\{(.+?)\}", lambda found: versions[found[1]], " ".join(("-s -w", *tool.flags)))
    build = ["go", "build", "-mod=readonly", "-tags", ",".join(tool.tags), "-ldflags", linker]
    build += [f"-gcflags={NOTHING_TO_DROP}", "-o", f"{BIN / name}.part", tool.package]
    if subprocess.run(build, cwd=folder, env=_environment(), check=False).returncode:
        raise BuildError(name)
    Path(f"{BIN / name}.part").replace(BIN / name)
    stamp.write_text(wanted)


def _environment() -> dict[str, str]:
    cache = ROOT / ".cache" / "go"
    places = {"GOCACHE": str(cache / "build"), "GOMODCACHE": str(cache / "mod")}
    fixed = {"GOFLAGS": "-trimpath -modcacherw", "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    return {**places, "GOGC": "400", **os.environ, **fixed}  # a compiler that lives for seconds need not collect often


def _go_version() -> bytes:
    asked = ["go", "env", "GOVERSION", "GOOS", "GOARCH"]
    return subprocess.run(asked, env=_environment(), check=True, capture_output=True).stdout


def _stamp(folder: Path, tool: Tool, go: bytes) -> str:
    pinned = [(folder / name).read_bytes() for name in ("go.mod", "go.sum")]
    made_of = repr((tool.group, tool.package, tool.flags, *tool.tags)).encode()
    return hashlib.sha256(b"".join((go, made_of, *pinned))).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
