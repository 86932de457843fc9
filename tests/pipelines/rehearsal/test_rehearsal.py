"""The whole life of a project, for real."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import copier
import pytest

from components.errors import UserError
from pipelines.rehearsal.life import STEPS, Life
from pipelines.rehearsal.run import step
from pipelines.rehearsal.scaffold import snapshot
from pipelines.rehearsal.workspace import Workspace
from tests.harness.bytecode import keep_bytecode
from tests.harness.isolation import isolated, need_isolation
from tests.harness.scaffold import environment

ROOT = Path(__file__).parents[3]
COMMAND = Path(sys.executable).with_name("stackwright")


@pytest.fixture(scope="session")
def apart() -> None:
    """This machine allows network namespaces."""
    need_isolation()


@pytest.fixture(scope="session")
def warm(set_up_project: Path) -> None:
    """A project was set up with network, so that its packages are in the cache."""


def rehearse(*command: str) -> dict[str, Any]:
    """Run a rehearsal and return its JSON document."""
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=1200, check=False)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.rehearsal
def test_a_whole_life_needs_no_network_after_the_first_set_up(apart: None, warm: None, tmp_path: Path) -> None:
    """With loopback as the only network every step goes as it should, and the report shows them all."""
    report, kept = tmp_path / "rehearsal.html", tmp_path / "kept"
    found = rehearse(*isolated(COMMAND, "rehearse", "--report", report, "--keep", kept, "--format", "json"))
    keep_bytecode(kept / "project", Path(environment()["UV_CACHE_DIR"]))
    shutil.rmtree(kept)
    steps = found["steps"]
    assert ["Scaffold", *(title for title, _ in STEPS)] == [step["title"] for step in steps]
    served = {step["title"]: list(step["serving"].values()) for step in steps}
    first = served["First release, everywhere"][0]
    second = served["Second release, to prod"][0]
    assert [first] * 3 == served["First release, everywhere"]
    assert [second, second, first] == served["Corruption is refused"]
    assert [second] * 3 == served["Second release, to prod"]
    assert [second, first] == served["Verify every pin"][1:]
    page = report.read_text()
    assert all(step["title"].replace("'", "&#x27;") in page for step in steps)


@pytest.mark.slow
def test_a_project_rehearses_itself(warm: None, tmp_path: Path) -> None:
    """`make demo` in a scaffolded project lives the same life, on a clone of the project."""
    revision = snapshot(ROOT, tmp_path / "platform")
    project = tmp_path / "project"
    copier.run_copy(str(tmp_path / "platform"), project, vcs_ref=revision, defaults=True, quiet=True)
    author = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
    subprocess.run(["make", "setup"], cwd=project, env=environment(), check=True)
    for command in (("init", "-qb", "main"), ("add", "-A"), (*author, "commit", "-qm", "Scaffold")):
        subprocess.run(["git", *command], cwd=project, check=True)
    done = subprocess.run(["make", "demo"], cwd=project, env=environment(), capture_output=True, text=True)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "13 steps as they should be" in done.stdout


def test_a_step_after_which_another_digest_is_served_ends_the_rehearsal(tmp_path: Path) -> None:
    """The rehearsal believes what servers answer, not what commands said."""
    life = Life(Workspace(tmp_path))
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".stackwright.yaml").write_text(
        "platform: x\nrevision: y\nproject: toy\nmodels: {toy: {package: a, rows: b, score: [c], serve: [d]}}\n"
    )
    life.expected["dev"] = "sha256:" + "0" * 64
    with pytest.raises(UserError, match=r"rehearsal: Nothing: serves .*'dev': None.* expected"):
        step(life, "Nothing", lambda: "nothing")


def test_a_folder_with_files_is_not_used(tmp_path: Path) -> None:
    """`--keep` wants a new folder: nothing of anybody's is overwritten."""
    (tmp_path / "mine.txt").write_text("mine")
    done = subprocess.run([COMMAND, "rehearse", "--keep", tmp_path], capture_output=True, text=True)
    assert (1, f"{tmp_path}: not empty; name a new folder\n") == (done.returncode, done.stderr)
    assert ["mine.txt"] == [path.name for path in tmp_path.iterdir()]
