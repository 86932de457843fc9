"""What an artifact store in a folder does when the disk is full, read-only, or the process is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness.children import killed, observed, points
from tests.harness.mounts import run_mounted
from tests.harness.packages import make_package

PUBLISH = """
import subprocess, sys
from pathlib import Path
from components.errors import UserError
from pipelines.release.package import read_package
from pipelines.store.open import open_store
mount, package, before = sys.argv[1:4]
subprocess.run(before, shell=True, check=True, cwd=mount)
package = read_package(Path(package))
store = open_store(Path(mount).as_uri(), "churn")
try:
    store.publish(package)
    print("published")
except UserError as error:
    print(error)
print(store.holds(package.digest), sorted(path.name for path in Path(mount).rglob("*") if path.is_file()))
"""


@pytest.fixture
def mount(tmp_path):
    """Return a folder to mount on."""
    (tmp_path / "mount").mkdir()
    return tmp_path / "mount"


@pytest.fixture
def heavy(tmp_path):
    """Return a package of 2 MiB."""
    return make_package(tmp_path / "heavy", {"a.bin": b"a" * (1 << 20), "b.bin": b"b" * (1 << 20)})


def test_a_full_disk_is_one_line_and_leaves_nothing(mount, heavy):
    """What did not fit is removed again, so that the disk is not full for others."""
    done = run_mounted(mount, "size=1536k", PUBLISH, heavy.folder, "true")

    said, left = done.stdout.splitlines()
    assert "b.bin: cannot be written: No space left on device" in said, done.stderr
    assert left == "False []"


def test_a_read_only_folder_is_one_line(mount, heavy):
    """Root ignores modes; a read-only mount it does not."""
    done = run_mounted(mount, "size=8m", PUBLISH, heavy.folder, 'mount -o remount,ro "$PWD"')

    assert "cannot be written: Read-only file system" in done.stdout, done.stderr
    assert "False []" in done.stdout


def test_a_roomy_disk_is_enough(mount, heavy):
    """The same call succeeds where there is room: one copy needs the package's size once."""
    done = run_mounted(mount, "size=2560k", PUBLISH, heavy.folder, "true")

    assert done.stdout.splitlines() == ["published", "True ['a.bin', 'b.bin', 'manifest.json']"], done.stderr


PUBLICATION = ["staging_folder", "stage_file", "stage_file", "stage_file", "stage_file", "publish_folder"]


def test_the_writes_of_a_publication_are_known(folders, package, tmp_path):
    """The next test kills around each of them."""
    assert PUBLICATION == observed(lambda: folders().store.publish(package), tmp_path)


@pytest.mark.parametrize(("number", "name", "when"), points(PUBLICATION))
def test_a_killed_publication_is_not_seen_and_completes(folders, package, tmp_path, number, name, when):
    """Kill -9 around every write: the package is there whole or not at all, and the next attempt waits for nobody."""
    place = folders()
    killed(lambda: place.store.publish(package), number, when, tmp_path)

    assert place.store.holds(package.digest) == ((name, when) == ("publish_folder", "after"))

    place.store.publish(package)
    assert package.digest == place.store.fetch(package.digest, tmp_path / "fetched").digest
    assert not list((place.store.root / ".staging").iterdir())


def test_a_half_written_fetch_is_fetched_again(folders, package, tmp_path):
    """What a killed fetch left beside the folder is in nobody's way."""
    place = folders()
    place.store.publish(package)
    left = tmp_path / ".fetched.staging"
    left.mkdir()
    (left / "model.onnx").write_bytes(b"half")
    Path(left, "folder").mkdir()

    place.store.fetch(package.digest, tmp_path / "fetched")

    assert sorted(path.name for path in (tmp_path / "fetched").iterdir()) == [
        "manifest.json",
        "model.onnx",
        "parts",
        "signature.json",
    ]
