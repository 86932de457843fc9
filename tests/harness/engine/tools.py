"""Where the real tools are, and what happens where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / ".tools"
MISSING = "the Pulumi engine is not built; run `make tools` (needs Go)"


def need_engine(tools: Path = TOOLS) -> None:
    """Skip with one line where the engine is not built; in CI, fail."""
    if (tools / "bin" / "pulumi").exists():
        return
    if os.environ.get("CI"):
        pytest.fail(MISSING, pytrace=False)
    pytest.skip(MISSING)
