"""Evidence says what a package was made with: digests of the lock and of the list of libraries."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.delivery.bodies import body_of
from pipelines.delivery.kinds import Kind
from pipelines.delivery.wish import Wish
from pipelines.release.evidence import Evidence, canonical, evidence_path
from pipelines.release.keys import verify_bytes
from pipelines.release.pin import read_pin
from pipelines.release.supply import supply_of
from stacks.load import load
from tests.harness.command import stackwright

if TYPE_CHECKING:
    from tests.harness.project import Toy

SBOM = b'{"components": []}\n'


def digest(content: bytes) -> str:
    """Return a digest as documents write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def made(root: Path, lock: bytes = b"lock", *, of: bytes | None = None, sbom: bytes = SBOM) -> None:
    """Leave what `make sbom` leaves, of a lock."""
    (root / "uv.lock").write_bytes(lock)
    (root / "build").mkdir(exist_ok=True)
    (root / "build" / "sbom.json").write_bytes(sbom)
    said = {"lock": digest(lock if of is None else of), "sbom": digest(SBOM), "components": 55}
    (root / "build" / "supply.json").write_text(json.dumps(said))


def test_lock_and_list_are_told_by_their_digests(tmp_path: Path) -> None:
    """As `make sbom` has left them."""
    made(tmp_path)

    found = supply_of(tmp_path)

    assert found
    assert (digest(b"lock"), digest(SBOM), 55) == (found.lock, found.sbom, found.components)


@pytest.mark.parametrize("change", ["another lock", "another list", "no list", "damaged"])
def test_a_list_of_something_else_is_no_list(tmp_path: Path, change: str) -> None:
    """Who changes the lock lists again; until then evidence says the lock alone."""
    made(tmp_path, of=b"another" if change == "another lock" else None, sbom=b"x" if change == "another list" else SBOM)
    if change == "no list":
        (tmp_path / "build" / "sbom.json").unlink()
    if change == "damaged":
        (tmp_path / "build" / "supply.json").write_text('{"lock": 1}')

    found = supply_of(tmp_path)

    assert found
    assert (digest(b"lock"), None, None) == (found.lock, found.sbom, found.components)


def test_without_a_lock_nothing_is_said(tmp_path: Path) -> None:
    """Nobody knows what it was made with."""
    assert supply_of(tmp_path) is None


def test_the_gate_signs_it_and_the_pull_request_shows_it(released: Toy) -> None:
    """One digest changed by hand, and it is nobody's evidence any more."""
    made(released.root)
    assert 0 == stackwright("gate", "--env", "staging", "--project", released.root).code
    path = released.root / evidence_path("staging", "toy", str(released.pin("dev")["digest"]))
    found = load(path, Evidence)
    assert found.supply == supply_of(released.root)

    path.write_text(path.read_text().replace(digest(SBOM), digest(b"another")))
    changed = stackwright("promote", "--env", "staging", "--project", released.root)
    assert 4 == changed.code
    assert "signature: not by the key of staging" in changed.err

    assert 0 == stackwright("gate", "--env", "staging", "--project", released.root).code
    assert 0 == stackwright("promote", "--env", "staging", "--project", released.root).code
    wish = Wish(kind=Kind.PROMOTION, environment="staging", model="toy", subject="sha256:a")
    body = body_of(released.project, wish, None, read_pin(released.project, "staging", "toy"), [], [])
    assert digest(SBOM).removeprefix("sha256:") in body
    assert digest(b"lock").removeprefix("sha256:") in body
    assert "55 libraries" in body


def test_evidence_from_before_holds_and_is_written_as_it_was(released: Toy) -> None:
    """Where nothing is said, no field is there: bytes and signature are those of releases that knew of none."""
    contract = released.project.contract("staging")
    content = json.loads((released.root / _pinned(released)).read_text())
    before = {name: value for name, value in content.items() if name != "signature"}

    assert "supply" not in content
    assert canonical(before) == load(released.root / _pinned(released), Evidence).signed_part()
    assert verify_bytes(canonical(before), content["signature"], contract.signing_key.public_key)


def _pinned(toy: Toy) -> Path:
    """Return the evidence that the pin of staging names, relative to the project."""
    (found,) = (toy.root / "promotions" / "evidence" / "staging" / "toy" / "pinned").glob("*.json")
    return found.relative_to(toy.root)
