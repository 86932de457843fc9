"""Where the programs of the plane are, and what happens where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.harness.engine.tools import TOOLS

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
MISSING = "the control plane is not built; run `make tools` (needs Go)"


def need_plane(tools: Path = TOOLS) -> None:
    """Skip with one line where the control plane is not built; in CI, fail."""
    if all((tools / "bin" / name).exists() for name in PROGRAMS):
        return
    if os.environ.get("CI"):
        pytest.fail(MISSING, pytrace=False)
    pytest.skip(MISSING)
