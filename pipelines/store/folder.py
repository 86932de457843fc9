"""An artifact store in a folder: for environments on one machine, and for file systems that several share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines import writes
from pipelines.release.package import MANIFEST, Package, open_package, parse_digest, read_chunks, read_package
from pipelines.store import copying

if TYPE_CHECKING:
    from collections.abc import Iterator


class FolderStore:
    """Packages in `<root>/<hex>`; each is filled under `<root>/.staging` and appears by rename."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def uri(self, digest: str) -> str:
        """Return the address of a package."""
        return self._folder(digest).as_uri()

    def manifest(self, digest: str) -> bytes | None:
        """Return what is stored as the package's manifest, or nothing."""
        return _read(self._folder(digest) / MANIFEST)

    def read(self, digest: str, path: str) -> Iterator[bytes]:
        """Read one file of a package piece by piece."""
        return read_chunks(self._folder(digest) / path)

    def holds(self, digest: str) -> bool:
        """Return whether the package is there."""
        return copying.holds(self, digest)

    def publish(self, package: Package) -> bool:
        """Copy a package into the store; `False` when it is there already."""
        if self.holds(package.digest):
            return False
        with writes.staging_folder(self.root / ".staging" / parse_digest(package.digest)) as staged:
            if self.holds(package.digest):
                staged.rmdir()
                return False
            copying.fill(staged, package.files, lambda path: read_chunks(package.folder / path), str(package.folder))
            return writes.publish_folder(staged, self._folder(package.digest))

    def open(self, digest: str, scratch: Path) -> Package:  # noqa: ARG002 - the store's own folder is local
        """Return the store's own folder."""
        copying.files_of(self, digest)
        return open_package(self._folder(digest))

    def fetch(self, digest: str, folder: Path) -> Package:
        """Copy the package into a new local folder, verified."""
        return copying.fetch(self, digest, folder)

    def check(self, digest: str) -> None:
        """Read every byte of the package and compare with the digest."""
        copying.files_of(self, digest)
        read_package(self._folder(digest))

    def read_attestation(self, digest: str, environment: str) -> bytes | None:
        """Return an environment's signature over a package, or nothing."""
        return _read(self._attestation(digest, environment))

    def write_attestation(self, digest: str, environment: str, content: bytes) -> bool:
        """Put an environment's signature beside the package; the first is kept."""
        return writes.create_file(self._attestation(digest, environment), content)

    def _folder(self, digest: str) -> Path:
        return self.root / parse_digest(digest)

    def _attestation(self, digest: str, environment: str) -> Path:
        return self.root / f"{parse_digest(digest)}.{environment}.sig"


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
