"""Packages for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.release.package import MANIFEST, Package, build_manifest, read_package
from pipelines.release.pin import Pin

if TYPE_CHECKING:
    from collections.abc import Mapping

FILES = {"model.onnx": b"a model" * 1000, "signature.json": b"{}", "parts/empty": b""}


def make_package(folder: Path, files: Mapping[str, bytes] = FILES) -> Package:
    """Write files and their manifest, as a project's pipeline does."""
    write_files(folder, files)
    (folder / MANIFEST).write_bytes(build_manifest(folder))
    return read_package(folder)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files into a new folder."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def pinned(package: Package, model: str = "toy", image: str | None = None, release: int = 1) -> tuple[Pin, Package]:
    """Return a package with a pin of it, as a deployer wants both."""
    digest, commit = package.digest, "0" * 40
    return Pin(model=model, release=release, digest=digest, commit=commit, contract_version="1.2", image=image), package


def flip_byte(path: Path, offset: int = 0) -> None:
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)
