"""Export: what an environment's stack promises to the stacks of projects becomes a file that they plan with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.connect.changes import replace_document
from pipelines.connect.reading import read_versioned
from stacks.load import parse_json
from stacks.platform import PLATFORMS, incompatible
from stacks.shapes import of_shape

if TYPE_CHECKING:
    from pipelines.connect.changes import Change

OUTPUT = "platform"


def export(environment: str, folder: Path, to: Path, source: str | None = None) -> Change:
    """Write the platform document of an environment, checked.

    Args:
        environment: Name of the environment, which is that of its stack.
        folder: Pulumi project of the environment.
        to: Folder of the platform documents.
        source: A file, or `-` for standard input; nothing to ask `pulumi` for the stack's output.
    """
    where, content = _read(environment, folder, source)
    document = parse_json(content, where)
    model = of_shape(document, PLATFORMS, where)
    platform = read_versioned(content, model, where, "platform_version", incompatible)
    if platform.environment != environment:
        raise UserError(f"{where}: environment: `{platform.environment}` is another environment, not `{environment}`")
    path = to / f"{environment}.json"
    return replace_document(path, document, environment=environment, shown=str(path), source=where)


def _read(environment: str, folder: Path, source: str | None) -> tuple[str, bytes]:
    if source is None:
        return f"output `{OUTPUT}` of the stack `{environment}`", _output(environment, folder)
    if source == "-":
        return "standard input", sys.stdin.buffer.read()
    try:
        return source, Path(source).read_bytes()
    except OSError as error:
        raise UserError(f"{source}: cannot be read: {error.strerror}") from error


def _output(environment: str, folder: Path) -> bytes:
    command = ["pulumi", "stack", "output", OUTPUT, "--json", "--stack", environment, "--non-interactive"]
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; run this at the root of the platform, or name one with --folder")
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise UserError("pulumi: not found on PATH; install it, or give what it prints by `--from -`") from error
    if done.returncode:
        said = " | ".join(done.stderr.decode(errors="replace").strip().splitlines()) or f"ended with {done.returncode}"
        raise UserError(f"pulumi stack output: {said}")
    return done.stdout
