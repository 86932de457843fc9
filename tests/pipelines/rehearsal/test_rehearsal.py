"""The whole life of a project, for real."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
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
from tests.harness.scaffold import environment

ROOT = Path(__file__).parents[3]
COMMAND = Path(sys.executable).with_name("stackwright")
INTERFACE_UP = 0x1


def loopback_only(command: list[str]) -> None:
    """Bring the loopback interface of this network namespace up, and become the command."""
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", INTERFACE_UP)
        fcntl.ioctl(any_socket, 0x8914, request)
    os.execv(command[0], command)


def isolated(*command: object) -> list[str]:
    """Return the command, wrapped so that it runs with loopback as its only network, and nothing outlives it."""
    words = [str(word) for word in command]
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
    script += f"from tests.pipelines.rehearsal.test_rehearsal import loopback_only; loopback_only({words!r})"
    apart = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
    return [*apart, sys.executable, "-c", script]


def can_isolate() -> bool:
    """Tell whether this machine lets us have a network namespace."""
    try:
        return subprocess.run(isolated("/bin/true"), capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture(scope="session")
def warm(set_up_project: Path) -> None:
    """A project was set up with network, so that its packages are in the cache."""


def rehearse(*command: str) -> dict[str, Any]:
    """Run a rehearsal and return its JSON document."""
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=1200, check=False)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.rehearsal
@pytest.mark.skipif(not can_isolate(), reason="this machine does not allow network namespaces")
def test_a_whole_life_needs_no_network_after_the_first_set_up(warm: None, tmp_path: Path) -> None:
    """With loopback as the only network every step goes as it should, and the report shows them all."""
    report = tmp_path / "rehearsal.html"
    found = rehearse(*isolated(COMMAND, "rehearse", "--report", report, "--format", "json"))
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
