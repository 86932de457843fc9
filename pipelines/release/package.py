"""A package: the folder that a project builds, named by the digest of its canonical manifest.

What is not in the manifest is not in the package, so a folder that holds anything else is refused. This module reads;
it writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from components.base import Document
from components.errors import UserError
from stacks.load import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MANIFEST = "manifest.json"

IGNORED = "registered_model_meta"
"""MLflow writes this file into any folder that it loads a registered model from; it is never part of a package."""

CHUNK_BYTES = 1 << 20

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


def _relative(path: str) -> str:
    if wrong := path_problem(path):
        raise ValueError(wrong)
    return path


class FileEntry(Document):
    """One file of a package."""

    path: Annotated[str, AfterValidator(_relative)]
    """POSIX path relative to the package."""
    size: Annotated[int, Field(ge=0)]
    """Size in bytes."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Digest of the content, lower-case hex."""


class Manifest(Document):
    """Every file of a package but the manifest itself, sorted by path."""

    version: Literal[1]
    """Version of this format."""
    files: Annotated[tuple[FileEntry, ...], Field(min_length=1)]
    """The files; at least one."""


@dataclass(frozen=True)
class Package:
    """A package in a local folder."""

    folder: Path
    digest: str
    files: tuple[FileEntry, ...]

    @property
    def size_bytes(self) -> int:
        """Bytes of all files, the manifest not counted."""
        return sum(entry.size for entry in self.files)


def parse_digest(text: str, where: str = "digest") -> str:
    """Return the hex part of `sha256:<hex>`, or say what is wrong with it."""
    kind, _, digits = text.partition(":")
    if kind != "sha256" or len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise UserError(f"{where}: `{text[:80]}` is not a digest; expected sha256: and 64 lower-case hex digits")
    return digits


def digest_of(manifest: bytes) -> str:
    """Return the digest of the package that has this manifest."""
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


def read_package(folder: Path, where: str | None = None) -> Package:
    """Verify a package completely and return it, or name every problem.

    Args:
        folder: The package.
        where: What messages call the folder; its path by default.
    """
    name = where or str(folder)
    package = open_package(folder, name)
    problems = [line for entry in package.files for line in _content_problems(folder, entry, name)]
    if problems:
        raise UserError(problems)
    return package


def open_package(folder: Path, where: str | None = None) -> Package:
    """Verify a package's manifest and file names, but not what is in the files: who copies them hashes them anyway."""
    name = where or str(folder)
    content = _read_manifest(folder, name)
    files = parse_manifest(content, f"{name}/{MANIFEST}")
    found, problems = _walk(folder, name)
    listed = {entry.path for entry in files}
    problems += [f"{name}/{path}: missing, but the manifest lists it" for path in listed - found]
    problems += [f"{name}/{path}: not in the manifest; remove it or package again" for path in found - listed]
    if problems:
        raise UserError(problems)
    return Package(folder, digest_of(content), files)


def parse_manifest(content: bytes, where: str) -> tuple[FileEntry, ...]:
    """Return the entries of a canonical manifest; other bytes for the same entries are refused."""
    files = parse(content, Manifest, where).files
    if content != canonical(files):
        raise UserError(
            f"{where}: not canonical; expected sorted paths, each once, sorted keys, no spaces, a newline at the end"
        )
    return files


def build_manifest(folder: Path) -> bytes:
    """Return the canonical manifest of the files in a folder, or name everything that cannot be packaged."""
    found, problems = _walk(folder, str(folder))
    if not found and not problems:
        problems = [f"{folder}: no files; a package has at least one beside {MANIFEST}"]
    if problems:
        raise UserError(problems)
    return canonical(_entry(folder, path) for path in found)


def canonical(files: Iterable[FileEntry]) -> bytes:
    """Return the one manifest that these entries have."""
    entries = {entry.path: entry.model_dump() for entry in files}
    value = {"version": 1, "files": [entries[path] for path in sorted(entries)]}
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"


def path_problem(path: str) -> str | None:
    """Say why a relative path cannot be in a package, or nothing."""
    parts = path.split("/")
    if path.startswith("/"):
        return "absolute paths are not allowed in a package"
    if not path or {"", ".", ".."} & set(parts):
        return "not a plain relative path"
    if any(part.startswith(".") for part in parts):
        return "hidden names are not allowed in a package"
    if "\\" in path or not path.isprintable():
        return "backslashes and unprintable characters are not allowed in a package"
    if path in {MANIFEST, IGNORED}:
        return "never listed in a manifest"
    return None


def read_chunks(path: Path, where: str | None = None) -> Iterator[bytes]:
    """Read a file piece by piece, but never through a symbolic link."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb", buffering=0) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise UserError(f"{where or path}: cannot be read: {error.strerror}") from error


def mismatch(entry: FileEntry, size: int, sha256: str, where: str) -> str | None:
    """Say how bytes differ from the entry that describes them, or nothing."""
    if size != entry.size:
        return f"{where}: {size} bytes, but the manifest says {entry.size}; refused"
    if sha256 != entry.sha256:
        return (
            f"{where}: its content is sha256:{sha256[:12]}…, but the manifest says sha256:{entry.sha256[:12]}…; refused"
        )
    return None


def hash_chunks(chunks: Iterable[bytes]) -> tuple[int, str]:
    """Return the size and the hex sha256 of a stream, in constant memory."""
    state, size = hashlib.sha256(), 0
    for chunk in chunks:
        state.update(chunk)
        size += len(chunk)
    return size, state.hexdigest()


def _read_manifest(folder: Path, name: str) -> bytes:
    if not folder.is_dir() or folder.is_symlink():
        raise UserError(f"{name}: not a folder; expected a package, which holds {MANIFEST}")
    if not os.path.lexists(folder / MANIFEST):
        raise UserError(f"{name}/{MANIFEST}: missing; expected a package that a pipeline has written")
    return b"".join(read_chunks(folder / MANIFEST, f"{name}/{MANIFEST}"))


def _content_problems(folder: Path, entry: FileEntry, name: str) -> list[str]:
    where = f"{name}/{entry.path}"
    try:
        size, sha256 = hash_chunks(read_chunks(folder / entry.path, where))
    except UserError as error:
        return error.problems
    wrong = mismatch(entry, size, sha256, where)
    return [wrong] if wrong else []


def _entry(folder: Path, path: str) -> FileEntry:
    size, sha256 = hash_chunks(read_chunks(folder / path))
    return FileEntry(path=path, size=size, sha256=sha256)


def _walk(folder: Path, name: str) -> tuple[set[str], list[str]]:
    """Return the paths of all files but the manifest, and what a package must not hold."""
    found: set[str] = set()
    problems: list[str] = []
    waiting = [PurePosixPath()]
    while waiting:
        inner = waiting.pop()
        items = list(os.scandir(folder / inner))
        if not items and inner.parts:
            problems.append(f"{name}/{inner}: empty folder; remove it")
        for item in items:
            path = inner / item.name
            kind = item.stat(follow_symlinks=False).st_mode
            if str(path) in {MANIFEST, IGNORED} and stat.S_ISREG(kind):
                continue
            if wrong := path_problem(str(path)) or _kind_problem(kind):
                problems.append(f"{name}/{str(path)!a:.200}: {wrong}".replace("'", ""))
            elif stat.S_ISDIR(kind):
                waiting.append(path)
            else:
                found.add(str(path))
    return found, problems


def _kind_problem(mode: int) -> str | None:
    if stat.S_ISLNK(mode):
        return "symbolic links are not allowed in a package"
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        return "neither a file nor a folder"
    return None
