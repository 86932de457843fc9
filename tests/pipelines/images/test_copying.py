"""Images travel by digest: what arrives is what left, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest

from components.errors import UserError
from pipelines.images.copying import copy_image
from pipelines.images.oci import Login, Repository
from tests.harness.registry import USER, Held, Registry, digest_of, registry
from tests.harness.web import free_port

LAYER = b"a layer" * 1000


@pytest.fixture
def server() -> Generator[Registry]:
    """A registry that lets everybody in."""
    with registry() as found:
        yield found


def both(server: Registry) -> tuple[Repository, Repository]:
    """Return the repositories of two environments."""
    return Repository(server.uri("dev/churn")), Repository(server.uri("staging/churn"))


def images(held: Held) -> dict[str, str]:
    """Return an image, and a list of two."""
    one, other = held.add_image(LAYER, b"more"), held.add_image(LAYER, b"for arm64")
    return {"image": one, "index": held.add_index(one, other)}


@pytest.mark.parametrize("kind", ["image", "index"])
def test_an_image_is_copied_with_all_it_consists_of(kind: str, server: Registry) -> None:
    """Manifests, configuration and layers, byte for byte; a list takes its images along."""
    digest = images(server.held("dev/churn"))[kind]
    source, target = both(server)

    copy_image(source, target, digest)

    assert target.holds(digest)
    there, here = server.held("dev/churn"), server.held("staging/churn")
    assert here.manifests.items() <= there.manifests.items()
    assert here.blobs.items() <= there.blobs.items()
    assert {"image": 3, "index": 4}[kind] == len(here.blobs)


def test_what_is_there_is_not_copied_again(server: Registry) -> None:
    """One question; and of a copy that was interrupted, only the rest."""
    digest = images(server.held("dev/churn"))["image"]
    source, target = both(server)
    server.held("staging/churn").blobs[digest_of(LAYER)] = LAYER
    copy_image(source, target, digest)
    assert f"GET /v2/dev/churn/blobs/{digest_of(LAYER)}" not in server.requests
    server.requests.clear()

    copy_image(source, target, digest)

    assert [f"HEAD /v2/staging/churn/manifests/{digest}"] == server.requests


def flipped(path: str, content: bytes) -> bytes:
    """Change one bit of what is read of blobs."""
    return bytes([content[0] ^ 1]) + content[1:] if "GET" in path and "/blobs/" in path and content else content


def cut(path: str, content: bytes) -> bytes:
    """Lose the end of a layer."""
    return content[: len(LAYER) // 2] if "GET" in path and len(content) == len(LAYER) else content


def other_manifest(path: str, content: bytes) -> bytes:
    """Answer with another manifest."""
    return b"{}" if "GET" in path and "/manifests/" in path and content else content


def broken(path: str, content: bytes) -> bytes | int:
    """Answer 500 to uploads."""
    return 500 if path.startswith("PUT") else content


def denied(path: str, content: bytes) -> bytes | int:
    """Let nobody write."""
    return 403 if path.startswith("POST") else content


FAULTS: dict[Callable[[str, bytes], bytes | int], str] = {
    flipped: "the registry sent sha256:",
    cut: "the registry sent sha256:",
    other_manifest: "the registry sent sha256:",
    broken: "the registry answered 500 (Internal Server Error); try again later",
    denied: "the registry denies it; the identity needs to write images there",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_goes_wrong_leaves_no_image(fault: Callable[[str, bytes], bytes | int], server: Registry) -> None:
    """One line says what; nothing that somebody could pull is there; run again, the copy is made."""
    digest = images(server.held("dev/churn"))["index"]
    source, target = both(server)
    good, server.spoil = server.spoil, fault

    with pytest.raises(UserError) as caught:
        copy_image(source, target, digest)

    assert FAULTS[fault] in caught.value.problems[0]
    assert {} == server.held("staging/churn").manifests
    server.spoil = good
    copy_image(source, target, digest)
    assert target.holds(digest)


def test_what_is_not_there_is_named(server: Registry) -> None:
    """With the repository that should have it."""
    source, target = both(server)
    digest = digest_of(b"nothing")

    with pytest.raises(UserError) as caught:
        copy_image(source, target, digest)

    assert [f"{source.uri}@{digest}: not in this repository; push it there first"] == caught.value.problems


def test_only_images_are_copied(server: Registry) -> None:
    """Other kinds of manifests say of other things what they consist of."""
    digest = server.held("dev/churn").add_image(LAYER, media_type="application/json")

    with pytest.raises(UserError, match="`application/json` is no kind of image; expected one of"):
        copy_image(*both(server), digest)


@pytest.mark.parametrize("how", ["basic", "bearer"])
def test_a_registry_that_asks_is_told_who_comes(how: str) -> None:
    """In both ways that registries ask; nothing is said before, and nobody is asked twice for one copy."""
    asked = list[str]()

    def login() -> Login:
        asked.append("")
        return Login(*USER)

    with registry(how) as server:
        digest = server.held("dev/churn").add_image(LAYER)
        source, target = (Repository(server.uri(name), login) for name in ("dev/churn", "staging/churn"))

        copy_image(source, target, digest)

        assert digest in server.held("staging/churn").manifests
    assert 2 == len(asked)


@pytest.mark.parametrize("how", ["basic", "bearer"])
@pytest.mark.parametrize("login", [None, Login("robot", "wrong")], ids=["nobody", "wrong"])
def test_who_is_not_let_in_is_told(how: str, login: Login | None) -> None:
    """A person can act on each of these."""
    with registry(how) as server, pytest.raises(UserError) as caught:
        Repository(server.uri("dev/churn"), lambda: login).holds(digest_of(b""))

    (problem,) = caught.value.problems
    assert "`docker login` there first" in problem or "the registry denies it" in problem


def test_nobody_there_is_told() -> None:
    """A closed port."""
    with pytest.raises(UserError, match=r"the registry cannot be reached: .*refused"):
        Repository(f"127.0.0.1:{free_port()}/churn").holds(digest_of(b""))


def test_a_password_is_not_shown() -> None:
    """Not even where somebody prints who signs in."""
    assert "not-a-secret" not in repr(Login(*USER))
