"""Pins say which image serves a package, where images do."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from components.errors import UserError
from pipelines.images.open import repository_of
from pipelines.images.pinned import check_image, image_of
from pipelines.project import Project
from pipelines.release.pin import Pin, read_pin
from pipelines.release.promotion import promote
from pipelines.release.register import register
from pipelines.release.verification import check_pin
from tests.harness.aws import empty_moto_server, point_at
from tests.harness.command import stackwright
from tests.harness.documents import contract_document
from tests.harness.project import Toy
from tests.harness.registry import Held, Registry, digest_of, docker_config, registry

PIN = "promotions/dev/toy.yaml"
NOBODYS = "sha256:" + "0" * 64


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Generator[Registry]:
    """A registry where `docker login` has signed in."""
    with registry("basic") as found:
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        (tmp_path / "config.json").write_text(docker_config(found))
        yield found


@pytest.fixture
def toy(toy: Toy, server: Registry) -> Toy:
    """A project whose environments run images."""
    for name in ("dev", "staging", "prod"):
        section = contract_document(name)["model_deployer"]
        uri = server.uri(f"{name}/toy")
        toy.edit(f"stack/{name}.json", model_deployer=section, container_registry={"flavor": "existing", "uri": uri})
    toy.commit("serve in a cluster")
    return toy


def held(server: Registry, environment: str = "dev") -> Held:
    """Return what the project's repository in an environment holds."""
    return server.held(f"{environment}/toy")


def test_an_image_is_pinned_with_the_package(toy: Toy, server: Registry) -> None:
    """By its digest; the repository is the contract's."""
    image = held(server).add_image(b"code")

    said = stackwright("register", "--image", f"{server.uri('dev/toy')}@{image}", "--project", toy.root)

    assert (0, "") == (said.code, said.err)
    assert image == toy.pin("dev")["image"]
    pin = Pin.model_validate(toy.pin("dev"))
    assert f"{server.uri('dev/toy')}@{image}" == image_of(toy.project.contract("dev"), pin)


def test_the_next_package_keeps_the_image(toy: Toy, server: Registry) -> None:
    """Training again changes no code that serves."""
    image = held(server).add_image(b"code")
    register(toy.project, "toy", image=image)
    toy.commit()
    toy.publish(wrong_every=7)

    assert (2, image) == (toy.pin("dev")["release"], toy.pin("dev")["image"])


def test_another_image_of_the_same_package_is_the_same_release(toy: Toy, server: Registry) -> None:
    """The pin moves, the release does not; registered again, there is nothing to do."""
    first, second = (held(server).add_image(code) for code in (b"code", b"better code"))
    register(toy.project, "toy", image=first)
    toy.commit()

    results = [register(toy.project, "toy", image=second) for _ in range(2)]

    assert ["done", "nothing to do"] == [result.status for result in results]
    assert (1, second) == (toy.pin("dev")["release"], toy.pin("dev")["image"])


def test_a_promotion_takes_the_image_along(toy: Toy, server: Registry) -> None:
    """Copied by digest into the repository of the environment that it goes to."""
    image = held(server).add_image(b"code")
    register(toy.project, "toy", image=image)
    toy.commit()

    toy.advance("staging")

    assert image == toy.pin("staging")["image"]
    assert repository_of(toy.project.contract("staging")).holds(image)
    check_pin(toy.project, "staging", "toy", toy.git("rev-parse", "HEAD"))


def test_another_image_is_promoted_without_another_gate(toy: Toy, server: Registry) -> None:
    """The gate's decision is about the package, which is the same; the evidence stays."""
    first, second = (held(server).add_image(code) for code in (b"code", b"better code"))
    register(toy.project, "toy", image=first)
    toy.commit()
    toy.advance("staging")
    before = toy.pin("staging")
    register(toy.project, "toy", image=second)
    toy.commit()

    results = [promote(toy.project, "staging", "toy") for _ in range(2)]

    assert ["done", "nothing to do"] == [result.status for result in results]
    assert {**before, "image": second} == toy.pin("staging")
    assert second in held(server, "staging").manifests
    toy.commit()
    check_pin(toy.project, "staging", "toy", toy.git("rev-parse", "HEAD"))


def test_an_earlier_image_of_the_same_package_still_holds(toy: Toy, server: Registry) -> None:
    """An environment may be behind the one that it promotes from."""
    first, second = (held(server).add_image(code) for code in (b"code", b"better code"))
    register(toy.project, "toy", image=first)
    toy.commit()
    toy.advance("staging")
    register(toy.project, "toy", image=second)
    commit = toy.commit().tip

    check_pin(toy.project, "staging", "toy", commit)


def test_an_image_that_was_never_pinned_before_is_refused(toy: Toy, server: Registry) -> None:
    """What serves goes the same way as what is served."""
    register(toy.project, "toy", image=held(server).add_image(b"code"))
    toy.commit()
    toy.advance("staging")
    toy.edit("promotions/staging/toy.yaml", image=NOBODYS)
    commit = toy.commit().tip

    with pytest.raises(UserError) as caught:
        check_pin(toy.project, "staging", "toy", commit)

    told = f"image: {NOBODYS[:19]} was never pinned in dev with this digest"
    assert [f"promotions/staging/toy.yaml: {told}"] == caught.value.problems


def given(server: Registry, what: str) -> str:
    """Return an image as somebody gives it."""
    return what.replace("REPOSITORY", server.uri("dev/toy"))


GIVEN = {
    f"REPOSITORY@{NOBODYS}": f"--image: `{NOBODYS}` is not in REPOSITORY; push it there first",
    "REPOSITORY:latest": "--image: `REPOSITORY:latest`: expected REPOSITORY@sha256:…, the project's own repository",
    f"elsewhere.example/toy@{NOBODYS}": (
        f"--image: `elsewhere.example/toy@{NOBODYS}`: expected REPOSITORY@sha256:…, the project's own repository"
    ),
}


@pytest.mark.parametrize("what", GIVEN)
def test_what_is_not_an_image_of_the_project_is_refused(what: str, toy: Toy, server: Registry) -> None:
    """Nothing is registered."""
    said = stackwright("register", "--image", given(server, what), "--project", toy.root)

    assert (1, [given(server, GIVEN[what])]) == (said.code, said.problems)
    assert not (toy.root / PIN).exists()


def test_a_pin_without_an_image_says_what_makes_one(toy: Toy) -> None:
    """Where the environment runs images."""
    register(toy.project, "toy")
    contract, pin = toy.project.contract("dev"), read_pin(toy.project, "dev", "toy")
    assert pin

    with pytest.raises(UserError) as caught:
        image_of(contract, pin)

    told = "push what `make image` builds, then `stackwright register --image REPOSITORY@sha256:…`"
    assert [f"{PIN}: image: missing; dev runs images: {told}"] == caught.value.problems


def test_an_image_that_is_gone_is_not_deployed(toy: Toy, server: Registry) -> None:
    """It is looked for before anything in the cluster is touched."""
    image = held(server).add_image(b"code")
    register(toy.project, "toy", image=image)
    held(server).manifests.clear()
    pin = read_pin(toy.project, "dev", "toy")
    assert pin

    with pytest.raises(UserError) as caught:
        check_image(toy.project.contract("dev"), pin)

    told = f"`{image}` is not in {server.uri('dev/toy')}; push it there, or promote the pin again"
    assert [f"{PIN}: image: {told}"] == caught.value.problems


def test_an_environment_without_a_registry_keeps_no_images(toy: Toy) -> None:
    """As on one machine, where processes serve."""
    toy.edit("stack/dev.json", container_registry=None)

    said = stackwright("register", "--image", NOBODYS, "--project", toy.root)

    assert (1, ["stack/dev.json: container_registry: none; dev keeps no images"]) == (said.code, said.problems)


def test_where_processes_serve_the_image_stays_behind(toy: Toy, server: Registry) -> None:
    """Nothing there would run it."""
    local = json.loads((toy.root / "stack/staging.json").read_text())
    section: dict[str, Any] = {"flavor": "process", "uri": f"file://{toy.environments}/staging/serving"}
    (toy.root / "stack/staging.json").write_text(json.dumps({**local, "model_deployer": section}))
    register(toy.project, "toy", image=held(server).add_image(b"code"))
    toy.commit()

    toy.advance("staging")

    assert "image" not in toy.pin("staging")


def test_amazon_ecr_gives_its_own_credentials(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whoever may ask for them; they are good for twelve hours."""
    contract = toy.project.contract("dev")
    assert contract.container_registry
    section = contract.container_registry.model_copy(update={"flavor": "ecr"})
    with empty_moto_server() as endpoint, registry("bearer") as strange:
        point_at(monkeypatch, endpoint)
        there = section.model_copy(update={"uri": strange.uri("toy")})
        with pytest.raises(UserError, match=r"the registry denies it|cannot be reached|to read images there"):
            repository_of(contract.model_copy(update={"container_registry": there})).holds(digest_of(b""))

        assert "GET /token" in strange.requests


BROKEN = {
    "not JSON": "{",
    "another document": '["auths"]',
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_of_docker_is_named(how: str, toy: Toy, tmp_path: Path) -> None:
    """It is somebody else's file: it is not guessed at."""
    (tmp_path / "config.json").write_text(BROKEN[how])

    with pytest.raises(UserError, match=r"config.json: cannot be read as what `docker login` writes; sign in again"):
        repository_of(Project(toy.root).contract("dev")).holds(NOBODYS)
