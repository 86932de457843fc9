"""A full disk and a read-only folder: on small mounts in a mount namespace, because root ignores modes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from pipelines.release.deployment import deploy
from pipelines.release.gating import gate
from tests.harness.children import in_child
from tests.harness.command import stackwright
from tests.harness.project import Toy

POSSIBLE = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
pytestmark = pytest.mark.skipif(not POSSIBLE, reason="needs a mount namespace: run as root with unshare")

NEW_MOUNT_NAMESPACE = 0x20000

MOUNT = """
set -e
mkdir -p "$1" "$3"
cp -a "$1/." "$3"
mount -t tmpfs -o size=64k tmpfs "$1"
cp -a "$3/." "$1"
case "$2" in
  full) dd if=/dev/zero of="$1/.filler" bs=4k 2>/dev/null || true ;;
  read-only) mount -o remount,ro "$1" ;;
esac
"""
UNMOUNT = """
set -e
rm -rf "$3" "$1/.filler" 2>/dev/null || true
mkdir "$3"
cp -a "$1/." "$3"
umount "$1"
cp -a "$3/." "$1"
"""
"""What lies in a folder is copied onto the mount, and afterwards back: so that all that is left can be looked at."""


def on_mount(toy: Toy, folder: str, kind: str, *words: str) -> tuple[int, list[str]]:
    """Run the command while a folder is on a small file system that is full, or cannot be written."""
    base = toy.root.parent

    def run() -> tuple[int, list[str]]:
        assert 0 == ctypes.CDLL(None, use_errno=True).unshare(NEW_MOUNT_NAMESPACE)
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        places = ["sh", str(base / folder), kind, str(base / "kept")]
        subprocess.run(["sh", "-c", MOUNT, *places], check=True)
        said = stackwright(*words, "--project", toy.root)
        subprocess.run(["sh", "-c", UNMOUNT, *places], check=True)
        return said.code, said.problems

    return in_child(run, base)


SAID = {"full": "No space left on device", "read-only": "Read-only file system"}
STORE = "artifacts/toy/models/sha256"
CASES: dict[str, tuple[list[str], str]] = {
    "register: store": (["register"], "environments/dev/artifacts"),
    "register: pin": (["register"], "project/promotions"),
    "gate: evidence": (["gate", "--env", "staging"], "project/promotions"),
    "promote: store": (["promote", "--env", "staging"], "environments/staging/artifacts"),
    "promote: pin": (["promote", "--env", "staging"], "project/promotions"),
    "deploy: serving": (["deploy", "--env", "staging"], "environments/staging/serving"),
    "rollback: pin": (["rollback", "--env", "staging", "--reason", "wrong"], "project/promotions"),
}


@pytest.fixture(scope="module")
def prepared_ready(prepared_released: Toy, tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Release 2 is pinned in dev with evidence for staging; release 3 is built."""
    toy = prepared_released.copy(tmp_path_factory.mktemp("ready"))
    gate(toy.project, "staging", "toy")
    toy.commit("evidence")
    toy.build(wrong_every=7)
    return toy


@pytest.fixture
def ready(prepared_ready: Toy, tmp_path: Path) -> Generator[Toy]:
    """The same, and staging serves release 1."""
    toy = prepared_ready.copy(tmp_path)
    deploy(toy.project, "staging", "toy")
    yield toy
    toy.stop()


def state(toy: Toy) -> dict[str, bytes]:
    """Return pins, evidence and stored packages."""
    folders = [toy.root / "promotions", *(toy.environments / name / "artifacts" for name in toy.project.environments)]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


@pytest.mark.parametrize("kind", SAID)
@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost_when_a_folder_cannot_be_written(name: str, kind: str, ready: Toy) -> None:
    """The message names path and reason; pins and packages are whole; with room, the command completes."""
    words, folder = CASES[name]
    if name.startswith(("deploy", "rollback")):
        ready.advance("staging")
    before = state(ready)

    code, problems = on_mount(ready, folder, kind, *words)
    left = state(ready)

    assert 1 == code, problems
    assert [True] == [SAID[kind] in line and str(ready.root.parent / folder) in line for line in problems], problems
    assert before == {path: left.get(path) for path in before}
    assert [] == [path for path in left.keys() - before.keys() if "promotions" in path and "evidence" not in path]
    if not name.startswith("rollback"):
        assert "sha256:" == str(ready.serving("staging"))[:7]
    again = stackwright(*words, "--project", ready.root, "--format", "json").document
    assert ["done"] == [result["status"] for result in again["results"]], again


def test_the_disk_fills_while_a_package_is_copied(ready: Toy) -> None:
    """A package that does not fit is not there in part: the store shows nothing of it."""
    folder = ready.root / "build/toy"
    shutil.rmtree(folder)
    ready.build(wrong_every=7, weights="w" * 100_000)

    code, problems = on_mount(ready, "environments/dev/artifacts", "small", "register")

    assert 1 == code
    assert "No space left on device; nothing was changed there" == problems[0].split("cannot be written: ")[1]
    store = ready.environments / "dev" / STORE
    assert 4 == len(list(store.glob("[!.]*")))
    assert 2 == ready.pin("dev")["release"]


def test_a_mount_can_be_written_otherwise(ready: Toy) -> None:
    """The same mount, neither full nor read-only, is no obstacle: the cases above fail for their reason."""
    code, problems = on_mount(ready, "project/promotions", "roomy", "gate", "--env", "staging")

    assert (0, []) == (code, problems)


def test_servers_of_a_failed_deployment_are_gone(ready: Toy) -> None:
    """A deployment that cannot write starts nothing that stays."""
    ready.advance("staging")
    before = {server.pid for server in ready.servers()}

    on_mount(ready, "environments/staging/serving", "read-only", "deploy", "--env", "staging")

    assert before == {server.pid for server in ready.servers()}
