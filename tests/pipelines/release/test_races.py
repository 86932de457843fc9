"""Two commands at once: one wins, and the other is told which."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

import pytest

from components.errors import Blocked
from pipelines.release.deployment import deploy
from pipelines.release.gating import gate
from pipelines.release.package import read_package
from pipelines.release.promotion import promote
from pipelines.release.register import register
from tests.harness.children import at_once
from tests.harness.command import stackwright
from tests.harness.project import Toy

PIN = "promotions/staging/toy.yaml"


def two_candidates(toy: Toy) -> list[str]:
    """Pin releases 2 and 3 in dev, both with evidence for staging, and return their digests."""
    digests = [str(toy.pin("dev")["digest"]), toy.publish(wrong_every=7)]
    for digest in digests:
        gate(toy.project, "staging", "toy", digest)
    toy.commit("evidence")
    return digests


def title(toy: Toy, environment: str) -> str:
    """Return how messages name a pin."""
    pin = toy.pin(environment)
    return f"release {pin['release']} ({str(pin['digest'])[:19]})"


def with_origin(toy: Toy) -> None:
    """Give a project a bare repository that it pushes to."""
    origin = toy.root.parent / "origin.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(toy.root), str(origin)], check=True)
    toy.git("remote", "add", "origin", str(origin))
    toy.git("push", "-q", "-u", "origin", "main")


def test_two_promotions_in_one_clone(released: Toy, tmp_path: Path) -> None:
    """The working tree's lock lets one promotion pin; the other is blocked and names the pin that won."""
    digests = two_candidates(released)

    found = at_once([partial(promote, released.project, "staging", "toy", digest) for digest in digests], tmp_path)

    won = [item for item in found if not isinstance(item, tuple)]
    lost = [item for item in found if isinstance(item, tuple)]
    assert ["done"] == [item.status for item in won]
    assert won[0].data["digest"] == released.pin("staging")["digest"]
    told = (
        f"{PIN}: pins {title(released, 'staging')} here, and {title(released, 'prod')} at the tip of the default "
        "branch; another promotion came first: commit and push it, or pull, then gate again"
    )
    assert [(Blocked, [told])] == lost


def test_the_same_promotion_twice_at_once(released: Toy, tmp_path: Path) -> None:
    """Two promotions of one candidate: the second finds nothing left to do."""
    two_candidates(released)

    found = at_once([partial(promote, released.project, "staging", "toy")] * 2, tmp_path)

    assert ["done", "nothing to do"] == sorted(item.status for item in found)


def test_two_promotions_in_two_clones(released: Toy, tmp_path: Path) -> None:
    """The push decides; the promotion of the clone that lost is blocked from then on, and told which pin won."""
    digests = two_candidates(released)
    with_origin(released)
    other = released.clone(tmp_path / "other")
    clones = [released, other]

    found = at_once(
        [partial(promote, toy.project, "staging", "toy", digest) for toy, digest in zip(clones, digests, strict=True)],
        tmp_path,
    )
    for toy in clones:
        toy.commit("pin")
    released.git("push", "-q")
    rejected = subprocess.run(["git", "-C", str(other.root), "push"], capture_output=True, text=True, check=False)
    again = stackwright("promote", "--env", "staging", "--digest", digests[1], "--project", other.root)

    assert ["done", "done"] == [item.status for item in found]
    assert "rejected" in rejected.stderr
    assert 4 == again.code
    assert [
        f"{PIN}: {title(released, 'staging')} is pinned at the tip of the default branch since this clone left it; "
        "another promotion came first: pull, then gate again"
    ] == again.problems
    assert "done" == deploy(other.project, "staging", "toy").status
    assert digests[0] == other.serving("staging")


def test_a_clone_that_has_not_pulled(released: Toy, tmp_path: Path) -> None:
    """A promotion that another clone pushed is seen without a pull."""
    digests = two_candidates(released)
    with_origin(released)
    other = released.clone(tmp_path / "other")
    promote(released.project, "staging", "toy", digests[0])
    released.commit("pin")
    released.git("push", "-q")

    with pytest.raises(Blocked, match="another promotion came first: pull, then gate again"):
        promote(other.project, "staging", "toy", digests[1])


def test_two_deployments_at_once(released: Toy, tmp_path: Path) -> None:
    """One deploys, the other waits and finds it done; one server runs."""
    found = at_once([partial(deploy, released.project, "dev", "toy")] * 2, tmp_path)

    assert {"done", "nothing to do"} >= {item.status for item in found}
    assert 1 == len({item.data["endpoint"]["url"] for item in found})
    assert 1 == len(released.servers())


@pytest.mark.parametrize("same", [True, False])
def test_two_registrations_in_two_clones(same: bool, toy: Toy, tmp_path: Path) -> None:
    """The same package gets one release number, two packages get two."""
    with_origin(toy)
    other = toy.clone(tmp_path / "other")
    if not same:
        other.build(wrong_every=7)

    found = at_once([partial(register, item.project, "toy") for item in (toy, other)], tmp_path)

    releases = [item.data["release"] for item in found]
    assert [1, 1] == releases if same else [1, 2] == sorted(releases)
    assert (toy.pin("dev") == other.pin("dev")) is same
    store = toy.environments / "dev/artifacts/toy/models/sha256"
    assert {item.data["digest"] for item in found} == {
        read_package(folder).digest for folder in store.glob("[!.]*") if folder.is_dir()
    }


def test_two_registrations_in_one_clone(toy: Toy, tmp_path: Path) -> None:
    """The same package is registered once."""
    found = at_once([partial(register, toy.project, "toy")] * 2, tmp_path)

    assert ["done", "nothing to do"] == sorted(item.status for item in found)
