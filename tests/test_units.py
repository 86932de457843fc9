"""What one process of the tests runs from beginning to end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.harness.engine.tools import ROOT


def test_a_folder_that_shares_a_cluster_goes_to_one_process(tmp_path: Path) -> None:
    """Its files one after the other; other files go where there is time, each as a whole."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_xdist_make_scheduler\n")
    for name in ("cluster/own/test_a", "cluster/own/test_b", "cluster/own/test_c", "cluster/test_d", "other/test_e"):
        path = tmp_path / "tests" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("def test_it(): pass\n")

    words = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-vv", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--import-mode=importlib", *words, "tests"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    ran = [line.split() for line in done.stdout.splitlines() if " PASSED " in line and line.startswith("[gw")]
    process = {name.partition("::")[0]: worker for worker, *_, name in ran}
    assert 5 == len(process), done.stdout
    assert 1 == len({worker for file, worker in process.items() if file.startswith("tests/cluster/own/")})
    assert 2 == len(set(process.values()))
