"""What an artifact store does, whatever holds the bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pipelines.release.package import Package


class Store(Protocol):
    """The packages of one project, under `<uri>/<project>/models/sha256/`.

    A package is there completely or not at all, and is never changed. Every method raises `UserError` for what a
    person can act on: a store that is not reachable, a missing right, content that is not what its digest says.
    """

    def uri(self, digest: str) -> str:
        """Return the address of a package, whether it is there or not."""
        ...

    def holds(self, digest: str) -> bool:
        """Return whether the package is there; one look-up, however many others there are."""
        ...

    def publish(self, package: Package) -> bool:
        """Copy a local package into the store; `False` when it is there already.

        What was copied is read back and hashed before it can be seen. After an interruption, publish again.
        """
        ...

    def open(self, digest: str, scratch: Path) -> Package:
        """Return a local folder to read the package from: the store's own if it has one, else fetched into `scratch`.

        File names are verified, the content of the store's own folder is not: who reads it hashes it.
        """
        ...

    def fetch(self, digest: str, folder: Path) -> Package:
        """Copy the package into a new local folder, verified; a folder with other content never comes to be."""
        ...

    def check(self, digest: str) -> None:
        """Read every byte of the package in the store and compare with the digest."""
        ...

    def read_attestation(self, digest: str, environment: str) -> bytes | None:
        """Return an environment's signature over a package, or nothing."""
        ...

    def write_attestation(self, digest: str, environment: str, content: bytes) -> bool:
        """Put an environment's signature beside the package; `False` when there is one: the first is kept."""
        ...


def copy_package(package: Package, target: Store) -> None:
    """Copy a package that another store opened into a store, re-computing its digest at both ends.

    The source's bytes are hashed as they are read, and the target's are read back before the package can be seen
    there. A package that the target holds already is read and hashed too: what is there is not taken on trust.
    """
    if not target.publish(package):
        target.check(package.digest)
