"""Where the real tools are, and what happens where they are not."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT / ".tools"


def need_engine() -> None:
    """Skip with one line where the engine is not built."""
    if not (TOOLS / "bin" / "pulumi").exists():
        pytest.skip("the Pulumi engine is not built; run `make tools` (needs Go)")
