"""What every artifact store does: a package is there completely and unchanged, or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from components.errors import UserError
from pipelines import writes
from pipelines.release.package import MANIFEST, read_package
from pipelines.store.base import copy_package
from pipelines.store.open import open_store
from tests.harness.packages import FILES, flip_byte

MISSING = "sha256:" + "0" * 64


def contents(folder):
    """Return what is in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_package_comes_back_as_it_went(place, package, tmp_path):
    """Publishing and fetching keep every byte."""
    assert place.store.publish(package)

    fetched = place.store.fetch(package.digest, tmp_path / "fetched")

    assert package.digest == fetched.digest == read_package(tmp_path / "fetched").digest
    assert contents(package.folder) == contents(tmp_path / "fetched")


def test_a_store_says_what_it_holds(place, package):
    """One look-up by digest."""
    before = place.store.holds(package.digest)
    place.store.publish(package)

    assert (False, True, False) == (before, place.store.holds(package.digest), place.store.holds(MISSING))


def test_publishing_again_changes_nothing(place, package):
    """The second time there is nothing to do."""
    assert place.store.publish(package)
    assert not place.again().publish(package)


def test_projects_do_not_see_each_other(place, package):
    """A store is one project's."""
    place.store.publish(package)

    assert not open_store(place.uri, "other").holds(package.digest)


def test_of_four_writers_one_publishes(place, package, tmp_path):
    """All come back, one with the news that it was first, and the package is whole."""
    barrier = Barrier(4)

    def publish(_):
        store = place.again()
        barrier.wait()
        return store.publish(package)

    with ThreadPoolExecutor(4) as pool:
        published = list(pool.map(publish, range(4)))

    assert [False, False, False, True] == sorted(published)
    assert package.digest == place.store.fetch(package.digest, tmp_path / "fetched").digest


def test_a_writer_whose_staging_folder_was_just_renamed_makes_another(tmp_path, monkeypatch):
    """Another writer's folder was there when this one was to be made, and gone when it was looked at."""
    made = Path.mkdir
    refusals = iter([True])

    def mkdir(path, *given, **named):
        if path == tmp_path / "staged" and next(refusals, False):
            raise FileExistsError(17, "File exists")
        made(path, *given, **named)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with writes.staging_folder(tmp_path / "staged") as staged:
        assert staged.is_dir()


@pytest.mark.parametrize("survived", range(5))
def test_an_interrupted_publication_is_never_seen_and_completes(place, package, tmp_path, monkeypatch, survived):
    """Whichever write is the last one, the package is not there before the end, and publishing again brings it."""
    calls = iter(range(survived))

    def interrupted(write):
        def call(*arguments, **named):
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return write(*arguments, **named)

        return call

    with monkeypatch.context() as patch:
        for name in ("stage_file", "publish_folder", "put_object"):
            patch.setattr(writes, name, interrupted(getattr(writes, name)))
        try:
            place.store.publish(package)
        except KeyboardInterrupt:
            assert not place.again().holds(package.digest)

    place.again().publish(package)
    assert package.digest == place.store.fetch(package.digest, tmp_path / "fetched").digest


@pytest.mark.parametrize("name", ["model.onnx", MANIFEST])
@pytest.mark.parametrize("damage", ["corrupt", "empty", "remove"])
def test_a_damaged_package_is_refused(place, package, tmp_path, damage, name):
    """A flipped bit, an empty download, a missing file: refused by name, and nothing is left behind."""
    place.store.publish(package)
    getattr(place, damage)(package.digest, name)

    for attempt in (place.store.check, lambda digest: place.store.fetch(digest, tmp_path / "fetched")):
        with pytest.raises(UserError, match=name if (damage, name) != ("remove", MANIFEST) else "is not in this"):
            attempt(package.digest)

    assert ["package"] == [path.name for path in tmp_path.iterdir() if not path.name.startswith("store")]


def test_a_package_that_changes_on_the_way_is_refused(place, package):
    """What is published is hashed as it is read, not only before."""
    flip_byte(package.folder / "model.onnx")

    with pytest.raises(UserError, match=r"model\.onnx: .*but the manifest says"):
        place.store.publish(package)

    assert not place.store.holds(package.digest)
    flip_byte(package.folder / "model.onnx")
    assert place.store.publish(package)


def test_fetching_what_is_not_there_is_refused(place, tmp_path):
    """The digest is named, and no folder comes to be."""
    with pytest.raises(UserError, match="is not in this artifact store"):
        place.store.fetch(MISSING, tmp_path / "fetched")

    assert not (tmp_path / "fetched").exists()


def test_fetching_twice_is_one_fetch(place, package, tmp_path):
    """A folder that has the package already is kept; one that has anything else is not touched."""
    place.store.publish(package)
    place.store.fetch(package.digest, tmp_path / "fetched")

    assert package.digest == place.store.fetch(package.digest, tmp_path / "fetched").digest

    flip_byte(tmp_path / "fetched" / "model.onnx")
    with pytest.raises(UserError, match=r"model\.onnx"):
        place.store.fetch(package.digest, tmp_path / "fetched")


def test_fetching_into_a_folder_of_something_else_is_refused(place, package, new_package, tmp_path):
    """Another package in the way is named with its digest."""
    place.store.publish(package)
    other = new_package({"model.onnx": b"other"})

    with pytest.raises(UserError, match=f"holds {other.digest}"):
        place.store.fetch(package.digest, other.folder)


def test_the_first_attestation_is_kept(place, package):
    """Signatures differ each time, so only one can be an environment's."""
    store = place.store

    assert store.read_attestation(package.digest, "dev") is None
    assert (True, False) == tuple(store.write_attestation(package.digest, "dev", text) for text in (b"1", b"2"))
    assert (b"1", None) == tuple(store.read_attestation(package.digest, name) for name in ("dev", "prod"))


def test_of_four_signers_one_is_kept(place, package):
    """Exactly one of several writers at once is told that its signature is the one."""
    barrier = Barrier(4)

    def write(number):
        store = place.again()
        barrier.wait()
        return store.write_attestation(package.digest, "dev", bytes([number]) * 1000)

    with ThreadPoolExecutor(4) as pool:
        first = list(pool.map(write, range(4)))

    assert [first.index(True)] * 1000 == list(place.store.read_attestation(package.digest, "dev"))


@pytest.mark.parametrize("digest", ["latest", "sha256:../../x", "sha256:" + "A" * 64])
def test_only_digests_are_addresses(place, digest):
    """A digest becomes a path, so nothing else may pass."""
    for call in (place.store.holds, place.store.uri, place.store.check):
        with pytest.raises(UserError, match="is not a digest"):
            call(digest)


def test_a_package_is_promoted_from_store_to_store(places, package, tmp_path):
    """Copying needs no more than the digest; again, it changes nothing."""
    source, target = places(), places()
    source.store.publish(package)

    for _ in range(2):
        copy_package(source.store.open(package.digest, tmp_path / "scratch"), target.store)

    assert package.digest == target.store.fetch(package.digest, tmp_path / "fetched").digest


def test_a_package_is_promoted_between_kinds(folders, s3, package, tmp_path):
    """A laptop's folder and a bucket are stores alike."""
    first, second, third = folders(), s3(), folders()
    first.store.publish(package)
    copy_package(first.store.open(package.digest, tmp_path / "scratch"), second.store)
    copy_package(second.store.open(package.digest, tmp_path / "scratch"), third.store)

    assert contents(package.folder) == contents(third.path(package.digest))


def test_a_damaged_source_is_not_promoted(places, package, tmp_path):
    """The source is hashed as it is read; the target keeps nothing."""
    source, target = places(), places()
    source.store.publish(package)
    source.corrupt(package.digest, "model.onnx")

    with pytest.raises(UserError, match=r"model\.onnx"):
        copy_package(source.store.open(package.digest, tmp_path / "scratch"), target.store)

    assert not target.store.holds(package.digest)


def test_an_extra_file_is_not_promoted(folders, package, tmp_path):
    """A folder that holds more than its manifest lists is refused as it is."""
    source, target = folders(), folders()
    source.store.publish(package)
    source.path(package.digest, "extra.py").write_text("")

    with pytest.raises(UserError, match=r"extra\.py: not in the manifest"):
        copy_package(source.store.open(package.digest, tmp_path / "scratch"), target.store)


def test_a_damaged_target_is_not_taken_for_promoted(places, package, tmp_path):
    """What the target has already is read back too."""
    source, target = places(), places()
    for place in (source, target):
        place.store.publish(package)
    target.corrupt(package.digest, "model.onnx")

    with pytest.raises(UserError, match=r"model\.onnx"):
        copy_package(source.store.open(package.digest, tmp_path / "scratch"), target.store)


def test_what_arrives_is_read_back(folders, package, tmp_path, monkeypatch):
    """A disk that stores something else than it was given is noticed before the package is seen."""
    source, target = folders(), folders()
    source.store.publish(package)
    write = writes.stage_file

    def lying(path, chunks):
        write(path, chunks)
        if path.name == "model.onnx":
            flip_byte(path, len(FILES["model.onnx"]) - 1)

    monkeypatch.setattr(writes, "stage_file", lying)

    with pytest.raises(UserError, match=r"model\.onnx"):
        copy_package(source.store.open(package.digest, tmp_path / "scratch"), target.store)

    assert not target.store.holds(package.digest)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("s3a://bucket", "`s3a` is not a scheme of artifact stores; did you mean `s3`?; choose one of file, s3"),
        ("/tmp/store", "`` is not a scheme"),
        ("file://relative/folder", "incomplete; expected file:///absolute/folder"),
        ("s3:///prefix", "incomplete"),
    ],
)
def test_an_address_that_is_none_is_refused(uri, said):
    """The message says what is allowed."""
    with pytest.raises(UserError) as caught:
        open_store(uri, "churn")

    assert said in str(caught.value)
