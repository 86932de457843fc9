"""What tests share is made once, whoever comes first, and again when making it failed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.harness.children import at_once
from tests.harness.shared import Shared


@pytest.fixture
def own(tmp_path: Path) -> Shared:
    """A place that no other test shares."""
    return Shared(tmp_path)


def write(folder: Path) -> None:
    """Make something, not at once, and note each time that it was made."""
    with (folder.parent / "notes").open("a") as notes:
        notes.write("made\n")
    folder.mkdir()
    time.sleep(0.3)
    (folder / "it").write_text("whole")


def test_two_at_once_make_it_once(own: Shared) -> None:
    """The second waits until it is whole."""

    def ask() -> str:
        return (own.once("thing", write) / "it").read_text()

    assert ["whole", "whole"] == at_once([ask, ask], own.root)
    assert "made\n" == (own.root / "notes").read_text()


def test_what_was_left_half_made_is_made_anew(own: Shared) -> None:
    """Of a maker that failed, nothing is used."""

    def fail(folder: Path) -> None:
        folder.mkdir()
        (folder / "half").write_text("")
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        own.once("thing", fail)

    assert ["it"] == [path.name for path in own.once("thing", write).iterdir()]
