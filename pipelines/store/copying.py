"""What copying a package means, whatever holds the bytes: hashed as it is read, and again where it arrives."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from components.errors import UserError
from pipelines import writes
from pipelines.release.package import (
    MANIFEST,
    FileEntry,
    Package,
    canonical,
    digest_of,
    hash_chunks,
    mismatch,
    parse_manifest,
    read_chunks,
    read_package,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Source(Protocol):
    """Where packages are read from."""

    def uri(self, digest: str) -> str:
        """Return the address of a package."""
        ...

    def manifest(self, digest: str) -> bytes | None:
        """Return what is stored as the package's manifest, or nothing."""
        ...

    def read(self, digest: str, path: str) -> Iterable[bytes]:
        """Read one file of a package piece by piece."""
        ...


def holds(store: Source, digest: str) -> bool:
    """Return whether the store has the package; its manifest is the last thing to appear."""
    content = store.manifest(digest)
    if content is None:
        return False
    refuse_other(digest, digest_of(content), f"{store.uri(digest)}/{MANIFEST}")
    return True


def files_of(store: Source, digest: str) -> tuple[FileEntry, ...]:
    """Return the entries of a package in a store, or say that it is not there."""
    where = store.uri(digest)
    content = store.manifest(digest)
    if content is None:
        raise UserError(f"{where}: {digest} is not in this artifact store; register or promote it there first")
    refuse_other(digest, digest_of(content), f"{where}/{MANIFEST}")
    return parse_manifest(content, f"{where}/{MANIFEST}")


def check(store: Source, digest: str) -> None:
    """Read every byte of a package in a store and compare with its digest."""
    check_files(files_of(store, digest), lambda path: store.read(digest, path), store.uri(digest))


def check_files(files: Iterable[FileEntry], read: Callable[[str], Iterable[bytes]], where: str) -> None:
    """Read files back and name every one that is not what its entry says."""
    problems = [
        wrong for entry in files if (wrong := mismatch(entry, *hash_chunks(read(entry.path)), f"{where}/{entry.path}"))
    ]
    if problems:
        raise UserError(problems)


def fetch(store: Source, digest: str, folder: Path) -> Package:
    """Copy a package from a store into a new local folder; the folder appears by rename, verified."""
    if folder.is_dir() and any(folder.iterdir()):
        return _already(digest, folder)
    files = files_of(store, digest)
    with writes.staging_folder(folder.parent / f".{folder.name}.staging") as staged:
        fill(staged, files, lambda path: store.read(digest, path), store.uri(digest))
        if not writes.publish_folder(staged, folder):
            return _already(digest, folder)
    return Package(folder, digest, files)


def fill(staged: Path, files: tuple[FileEntry, ...], read: Callable[[str], Iterable[bytes]], where: str) -> None:
    """Copy the files of a package into a staged folder, hashing at both ends."""
    for entry in files:
        writes.stage_file(staged / entry.path, _agreeing(entry, read(entry.path), f"{where}/{entry.path}"))
    check_files(files, lambda path: read_chunks(staged / path), str(staged))
    writes.stage_file(staged / MANIFEST, [canonical(files)])


def refuse_other(expected: str, found: str, where: str) -> None:
    """Refuse content whose digest is another one than its name says."""
    if expected != found:
        raise UserError(f"{where}: its digest is {found[:19]}…, not {expected[:19]}… as its address says; refused")


def _agreeing(entry: FileEntry, chunks: Iterable[bytes], where: str) -> Iterator[bytes]:
    """Hash a stream that passes by, and refuse it at its end unless it is what the entry says."""
    state, size = hashlib.sha256(), 0
    for chunk in chunks:
        state.update(chunk)
        size += len(chunk)
        yield chunk
    if wrong := mismatch(entry, size, state.hexdigest(), where):
        raise UserError(wrong)


def _already(digest: str, folder: Path) -> Package:
    package = read_package(folder)
    if package.digest != digest:
        raise UserError(f"{folder}: holds {package.digest}, not {digest}; remove the folder or choose another")
    return package
