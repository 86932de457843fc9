"""Where the engine is missing, everybody is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.engine.tools import MISSING, ROOT, need_engine


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_the_engine_tests_skip_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    """A laptop without Go skips with one line; CI does not turn green by looking away."""
    monkeypatch.setenv("CI", ci)

    with pytest.raises(outcome, match=r"run `make tools`") as told:
        need_engine(tmp_path)
    assert MISSING == str(told.value)


def test_with_the_engine_nothing_is_skipped(tmp_path: Path) -> None:
    """Whatever is built is used."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").touch()

    assert need_engine(tmp_path) is None


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ([], 1, "tools: go: not found; install the Go that tools/*/go.mod asks for\n"),
        (["--if-go"], 0, "tools: go: not found; tests of the real Pulumi engine are skipped\n"),
        (["pulumy"], 2, "unknown tool pulumy; choose one of pulumi"),
    ],
)
def test_tools_say_that_go_is_missing(tmp_path: Path, options: list[str], code: int, told: str) -> None:
    """`make tools` fails without Go; `make test` says one line and goes on."""
    ran = subprocess.run(
        [sys.executable, ROOT / "tools" / "build.py", *options],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert (code, True) == (ran.returncode, told in ran.stderr)
