"""What one environment has compiled, the next one has."""

from __future__ import annotations

import os
import py_compile
from pathlib import Path

import pytest

from tests.harness.bytecode import keep_bytecode


@pytest.mark.parametrize("environment", [".venv", ".stackwright/venv"])
def test_byte_code_goes_to_where_its_source_was_linked_from(tmp_path: Path, environment: str) -> None:
    """Once, and nothing of what a project itself has written."""
    packages = tmp_path / "project" / environment / "lib/python3.11/site-packages"
    cached = tmp_path / "cache/archive-v0/hash/library/module.py"
    linked, own = packages / "library/module.py", packages / "own.py"
    for folder in (cached.parent, linked.parent):
        folder.mkdir(parents=True)
    for path in (cached, own):
        path.write_text("ANSWER = 42\n")
    os.link(cached, linked)
    compiled, _ = (Path(py_compile.compile(str(path), doraise=True) or "") for path in (linked, own))

    assert [1, 0] == [keep_bytecode(tmp_path / "project", tmp_path / "cache") for _ in range(2)]
    assert [compiled.read_bytes()] == [path.read_bytes() for path in (tmp_path / "cache").rglob("*.pyc")]
