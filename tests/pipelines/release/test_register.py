"""Register: a package that the pipeline built enters the first environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from components.errors import UserError
from pipelines.release.register import register
from stacks.contract import CONTRACT_VERSION
from tests.harness.project import Toy


def test_a_release_number_is_given_once(toy: Toy) -> None:
    """The second package is release 2; the first, built again, is release 1 again."""
    first = toy.publish(wrong_every=5)
    second = toy.publish(wrong_every=6)
    releases = [toy.pin("dev")["release"]]
    toy.publish(wrong_every=5)
    releases.append(toy.pin("dev")["release"])

    assert [2, 1] == releases
    assert first != second


def test_the_pin_names_package_code_and_contract(toy: Toy) -> None:
    """What register writes is all that the first environment's pin holds."""
    commit = toy.git("rev-parse", "HEAD")
    digest = toy.build(wrong_every=5)

    register(toy.project, "toy")

    assert {
        "pin_version": 1,
        "model": "toy",
        "release": 1,
        "digest": digest,
        "commit": commit,
        "contract_version": CONTRACT_VERSION,
    } == toy.pin("dev")


def dirty(toy: Toy) -> None:
    """Leave code uncommitted."""
    (toy.root / "policies/gate.yaml").write_text("models: {}\n")
    (toy.root / ".gitignore").write_text("build/\n")


def no_package(toy: Toy) -> None:
    """Forget to run the pipeline."""
    (toy.root / "build/toy/manifest.json").unlink()


def flipped(toy: Toy) -> None:
    """Flip a byte after packaging."""
    (toy.root / "build/toy/model.json").write_text('{"wrong_every": 4}')


def two_first(toy: Toy) -> None:
    """Let two environments promote from no other."""
    toy.edit("stack/staging.json", promotes_from=None)


def foreign_key(toy: Toy) -> None:
    """Take another environment's private key."""
    key = toy.environments / "dev/keys/signing.pem"
    key.write_bytes((toy.environments / "prod/keys/signing.pem").read_bytes())


def no_key(toy: Toy) -> None:
    """Connect a machine that may not sign."""
    section = toy.project.contract("dev").signing_key.model_dump()
    toy.edit("stack/dev.json", signing_key={"public_key": section["public_key"]})


WRONG: dict[Callable[[Toy], None], list[str]] = {
    dirty: [
        ".gitignore: not committed; commit it, so that the package can name its code",
        "policies/gate.yaml: not committed; commit it, so that the package can name its code",
    ],
    no_package: ["build/toy/manifest.json: missing; expected a package that a pipeline has written"],
    flipped: ["build/toy/model.json: "],
    two_first: [
        "stack: exactly one environment may promote from no other; found dev, staging; name it with --env",
    ],
    foreign_key: ["file://{environments}/dev/keys/signing.pem: not the private half of the contract's public key"],
    no_key: ["signing_key.private_key_uri: none; this machine may not sign for that environment"],
}


@pytest.mark.parametrize("change", WRONG)
def test_what_cannot_be_registered(change: Callable[[Toy], None], toy: Toy) -> None:
    """The reason is told, and no pin is written."""
    change(toy)

    with pytest.raises(UserError) as caught:
        register(toy.project, "toy")

    expected = [line.format(environments=toy.environments) for line in WRONG[change]]
    assert expected == [line[: len(want)] for line, want in zip(caught.value.problems, expected, strict=True)]
    assert not (toy.root / "promotions/dev/toy.yaml").exists()


def test_pins_and_contracts_may_be_uncommitted(toy: Toy) -> None:
    """Pins, evidence and contracts are not code: they do not stand in the way of the next registration."""
    register(toy.project, "toy")
    toy.git("add", "-A")
    toy.edit("stack/dev.json", runs_on="another runner")
    toy.build(wrong_every=9)

    assert "done" == register(toy.project, "toy").status


def test_the_package_is_in_the_store_before_it_is_pinned(toy: Toy, tmp_path: Path) -> None:
    """Store, attestation and registry have it, under one digest."""
    digest = toy.publish(wrong_every=5)
    store = toy.environments / "dev/artifacts/toy/models/sha256"

    assert {digest[7:], f"{digest[7:]}.dev.sig"} == {path.name for path in store.glob("[!.]*")}
