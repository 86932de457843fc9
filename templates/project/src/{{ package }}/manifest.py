"""The manifest of a package: its files, canonically; the digest of its bytes is the identity of the package."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

NAME = "manifest.json"


class PackageError(Exception):
    """A package that must not be used; says which file is wrong."""


def write(package: Path) -> str:
    """Write the manifest of a finished folder, and return the digest of the package."""
    entries = [_entry(package, path) for path in _files(package) if path != NAME]
    if not entries:
        raise PackageError(f"{package}: empty")
    content = canonical({"files": entries, "version": 1})
    (package / NAME).write_bytes(content)
    return digest(content)


def verify(package: Path) -> str:
    """Hold every file against the manifest, and return the digest of the package that is really there."""
    try:
        content = (package / NAME).read_bytes()
    except OSError as error:
        raise PackageError(f"{package / NAME}: cannot be read: {error.strerror}") from error
    found = [_entry(package, path) for path in _files(package) if path != NAME]
    if not found:
        raise PackageError(f"{package}: empty")
    if canonical({"files": found, "version": 1}) != content:
        raise PackageError(f"{package}: {_difference(found, content)}")
    return digest(content)


def canonical(value: Any) -> bytes:
    """Return the one way to write a value as JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def digest(content: bytes) -> str:
    """Return the digest of bytes, with its algorithm."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _files(package: Path) -> list[str]:
    return sorted(_walk(package, PurePosixPath()))


def _walk(folder: Path, relative: PurePosixPath) -> Iterator[str]:
    for item in os.scandir(folder):
        path = relative / item.name
        if item.name.startswith("."):
            raise PackageError(f"{folder / item.name}: hidden files are not allowed in a package")
        if item.is_symlink() or not (item.is_file() or item.is_dir()):
            raise PackageError(f"{folder / item.name}: only regular files are allowed in a package")
        if item.is_dir():
            yield from _walk(folder / item.name, path)
        else:
            yield str(path)


def _entry(package: Path, path: str) -> dict[str, Any]:
    with (package / path).open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
        return {"path": path, "sha256": checksum, "size": os.fstat(file.fileno()).st_size}


def _difference(found: list[dict[str, Any]], content: bytes) -> str:
    try:
        listed = {entry["path"]: entry for entry in json.loads(content)["files"]}
    except (ValueError, KeyError, TypeError):
        return f"{NAME} is not a manifest"
    here = {entry["path"]: entry for entry in found}
    for path in sorted(listed.keys() | here.keys()):
        if path not in here:
            return f"{path} is missing"
        if path not in listed:
            return f"{path} is not in the manifest"
        if listed[path] != here[path]:
            return f"{path} is not what the manifest says"
    return f"{NAME} is not written canonically"
