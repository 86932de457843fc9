"""Deploy, revert and roll back: the environment serves what the tip of the default branch pins."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from components.errors import Blocked, UserError
from pipelines.release.deployment import deploy
from pipelines.release.gating import gate
from pipelines.release.package import read_package
from pipelines.release.pin import Pin
from pipelines.release.promotion import promote
from pipelines.release.rollback import rollback
from pipelines.release.status import status
from tests.harness.command import stackwright
from tests.harness.project import Toy

PIN = "promotions/staging/toy.yaml"
REFUSED = "promotions/refused.yaml"


@pytest.fixture
def advanced(forward: Toy) -> Toy:
    """Release 2 is pinned in staging and deployed there; release 1 was before."""
    first = read_package(package(forward, "staging", digest(forward, "prod")))
    forward.deployer("staging").deploy(Pin(**forward.pin("prod")), first)
    deploy(forward.project, "staging", "toy")
    return forward


def digest(toy: Toy, environment: str) -> str:
    """Return what an environment pins."""
    return str(toy.pin(environment)["digest"])


def package(toy: Toy, environment: str, digest: str) -> Path:
    """Return a package's folder in an environment's store."""
    return toy.environments / environment / "artifacts/toy/models/sha256" / digest[7:]


def test_a_pin_counts_when_it_is_committed(released: Toy) -> None:
    """What only the working tree pins is not deployed."""
    gate(released.project, "staging", "toy")
    promote(released.project, "staging", "toy")
    first = digest(released, "prod")

    deploy(released.project, "staging", "toy")
    before = released.serving("staging")
    released.commit("pin")
    deploy(released.project, "staging", "toy")

    assert (first, digest(released, "staging")) == (before, released.serving("staging"))


def test_reverting_the_pin_commit_rolls_back(advanced: Toy) -> None:
    """Plain `git revert` and deploy: the release before serves again, without a new gate."""
    first = digest(advanced, "prod")

    advanced.git("revert", "--no-edit", advanced.git("log", "-1", "--format=%H", "--", PIN))
    result = deploy(advanced.project, "staging", "toy")

    assert "done" == result.status
    assert first == digest(advanced, "staging") == advanced.serving("staging")
    assert 1 == len(advanced.servers())


def test_a_pin_that_is_removed_ends_the_server(advanced: Toy) -> None:
    """No pin, no server; and then there is nothing to do."""
    (advanced.root / PIN).unlink()
    advanced.commit("unpin")

    found = [deploy(advanced.project, "staging", "toy") for _ in range(2)]

    assert ["nothing is pinned in staging; its server is stopped", "nothing is pinned in staging"] == [
        item.summary for item in found
    ]
    assert ["done", "nothing to do"] == [item.status for item in found]
    assert [] == advanced.servers()


def test_rollback_goes_back_refuses_and_blocks(advanced: Toy) -> None:
    """The bad digest is refused in that environment until its line goes; the release before serves again."""
    bad, good = digest(advanced, "staging"), digest(advanced, "prod")

    result = rollback(advanced.project, "staging", "toy", "it is wrong about children")
    advanced.commit("roll back")
    deploy(advanced.project, "staging", "toy")

    assert {"from": bad, "to": good, "release": 1} == result.data
    assert good == digest(advanced, "staging") == advanced.serving("staging")
    assert 0 == stackwright("verify", "--project", advanced.root).code
    problem = (
        f"{REFUSED}: {bad[:19]} of toy was refused in staging: it is wrong about children; "
        "remove its line by pull request to lift this"
    )
    for command in ("gate", "promote"):
        said = stackwright(command, "--env", "staging", "--project", advanced.root)
        assert (4, [problem]) == (said.code, said.problems)


def test_removing_the_line_lifts_a_refusal(advanced: Toy) -> None:
    """Without its line, the digest can be gated and promoted again."""
    bad = digest(advanced, "staging")
    rollback(advanced.project, "staging", "toy", "a mistake")
    advanced.edit(REFUSED, refused=[])
    advanced.commit("roll back, and lift")

    advanced.advance("staging")

    assert bad == digest(advanced, "staging")


def test_a_refused_digest_is_not_deployed(advanced: Toy) -> None:
    """A refusal that is merged without a new pin keeps the server as it is, and the deployment is blocked."""
    bad = digest(advanced, "staging")
    line = {"model": "toy", "digest": bad, "environment": "staging", "reason": "it lies"}
    advanced.edit(REFUSED, refused=[line])
    advanced.commit("refuse")

    said = stackwright("deploy", "--env", "staging", "--project", advanced.root)

    assert (4, [f"{PIN}: digest: {bad[:19]} was refused in staging: it lies"]) == (said.code, said.problems)
    assert bad == advanced.serving("staging")


def test_rolling_back_a_first_release_is_blocked(released: Toy) -> None:
    """There is nothing to go back to: the message says how to stop serving."""
    with pytest.raises(Blocked) as caught:
        rollback(released.project, "prod", "toy", "wrong")

    told = "promotions/prod/toy.yaml: no earlier pin that is not refused; remove this file to stop serving toy"
    assert [told] == caught.value.problems


def test_rolling_back_what_is_not_pinned_is_refused(toy: Toy) -> None:
    """An environment without a pin has nothing to roll back."""
    with pytest.raises(UserError) as caught:
        rollback(toy.project, "prod", "toy", "wrong")

    told = "promotions/prod/toy.yaml: not at the tip of the default branch; nothing to roll back"
    assert [told] == caught.value.problems


def test_rolling_back_twice_goes_back_further(advanced: Toy) -> None:
    """A refused release is skipped: the second rollback goes to the release before that one."""
    first = digest(advanced, "prod")
    advanced.publish(wrong_every=9)
    advanced.advance("staging")
    rollback(advanced.project, "staging", "toy", "wrong")
    advanced.commit("roll back")

    rollback(advanced.project, "staging", "toy", "wrong, too")

    assert first == digest(advanced, "staging")


def test_rollback_checks_digest_and_attestation(advanced: Toy) -> None:
    """A rollback does not go back to a package that was changed meanwhile; nothing is written."""
    (package(advanced, "staging", digest(advanced, "prod")) / "model.json").write_text("{}")
    before = (advanced.root / PIN).read_bytes(), (advanced.root / REFUSED).read_bytes()

    with pytest.raises(UserError, match="refused"):
        rollback(advanced.project, "staging", "toy", "wrong")

    assert before == ((advanced.root / PIN).read_bytes(), (advanced.root / REFUSED).read_bytes())


def corrupt_store(toy: Toy) -> None:
    """Flip one byte of the package in staging's store."""
    file = package(toy, "staging", digest(toy, "staging")) / "model.json"
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])


def corrupt_cache(toy: Toy) -> None:
    """Flip one byte of the copy that staging serves from."""
    file = toy.environments / "staging/serving/packages" / digest(toy, "staging")[7:] / "model.json"
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])


def swap_cache(toy: Toy) -> None:
    """Put another release's package where staging serves from."""
    folder = toy.environments / "staging/serving/packages" / digest(toy, "staging")[7:]
    shutil.rmtree(folder)
    shutil.copytree(package(toy, "staging", digest(toy, "prod")), folder)


def empty_store(toy: Toy) -> None:
    """Empty the package's folder."""
    for file in package(toy, "staging", digest(toy, "staging")).iterdir():
        file.unlink()


def extra_file(toy: Toy) -> None:
    """Put a file beside the others."""
    (package(toy, "staging", digest(toy, "staging")) / "extra.py").write_text("")


def no_signature(toy: Toy) -> None:
    """Lose staging's attestation."""
    signature(toy).unlink()


def prods_signature(toy: Toy) -> None:
    """Put dev's attestation in the place of staging's."""
    other = package(toy, "dev", digest(toy, "staging"))
    signature(toy).write_bytes(other.with_name(f"{other.name}.dev.sig").read_bytes())


def signature_of_another(toy: Toy) -> None:
    """Put staging's attestation of another package there."""
    other = package(toy, "staging", digest(toy, "prod"))
    signature(toy).write_bytes(other.with_name(f"{other.name}.staging.sig").read_bytes())


def broken_signature(toy: Toy) -> None:
    """Write something else into the attestation."""
    signature(toy).write_text("signed")


def signature(toy: Toy) -> Path:
    """Return staging's attestation of what it pins."""
    folder = package(toy, "staging", digest(toy, "staging"))
    return folder.with_name(f"{folder.name}.staging.sig")


DAMAGE: dict[Callable[[Toy], None], str] = {
    corrupt_store: "refused",
    empty_store: "is not in this artifact store",
    extra_file: "extra.py: not in the manifest; remove it or package again",
    corrupt_cache: "model.json: its content is sha256:",
    swap_cache: "remove that folder and deploy again",
    no_signature: "missing; staging has not attested this package",
    prods_signature: "not signed by this environment's key; refused",
    signature_of_another: "refused",
    broken_signature: "not a signature that model-signing writes; refused",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_package_is_not_deployed(damage: Callable[[Toy], None], advanced: Toy) -> None:
    """One byte, an empty folder, an extra file, a wrong signature: refused, whatever serves keeps serving."""
    served = digest(advanced, "staging")
    damage(advanced)

    said = stackwright("deploy", "--env", "staging", "--project", advanced.root)

    assert 1 == said.code
    assert [] == [line for line in said.problems[:1] if DAMAGE[damage] not in line], said.err
    assert served == advanced.serving("staging")


def test_a_damaged_source_is_neither_gated_nor_promoted(released: Toy) -> None:
    """One byte that changed in dev's store does not reach staging."""
    gate(released.project, "staging", "toy")
    file = package(released, "dev", digest(released, "dev")) / "model.json"
    file.write_bytes(file.read_bytes()[:-1] + b" ")

    said = [stackwright(name, "--env", "staging", "--project", released.root) for name in ("gate", "promote")]

    assert [1, 1] == [item.code for item in said]
    assert not package(released, "staging", digest(released, "dev")).exists()
    assert 1 == released.pin("staging")["release"]


def test_a_failed_start_is_reported_and_the_old_release_serves(released: Toy) -> None:
    """A release whose server crashes is an error of the deployment; the one before keeps serving."""
    deploy(released.project, "dev", "toy")
    second = released.serving("dev")
    released.publish(wrong_every=6, serve="crash")

    said = stackwright("deploy", "--env", "dev", "--project", released.root)

    assert 1 == said.code
    assert said.err.endswith(
        "the server ended before it was ready: the model cannot be loaded; the old one keeps serving\n"
    )
    assert second == released.serving("dev")


def test_status_tells_pinned_from_served(released: Toy) -> None:
    """Each environment shows what it pins, what it serves, and what is missing."""
    deploy(released.project, "staging", "toy")
    released.advance("staging")
    line = {"model": "toy", "digest": digest(released, "prod"), "environment": "prod", "reason": "it lies"}
    released.edit(REFUSED, refused=[line])
    released.commit("refuse in prod")

    rows = status(released.project, "toy")

    assert [
        ("dev", 2, "not serving; deploy"),
        ("staging", 2, "serves another digest; deploy"),
        ("prod", 1, "refused"),
    ] == [(row.environment, row.release, row.state) for row in rows]
