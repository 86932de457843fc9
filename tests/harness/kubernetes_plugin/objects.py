"""Where objects are kept; a real API server can take the place of the recorder."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.harness.kubernetes_plugin.kinds import BUILT_IN

Object = dict[str, Any]


class MissingError(Exception):
    """There is no such object."""


class RefusedError(Exception):
    """An API server would refuse it."""


@dataclass(frozen=True)
class Reference:
    """Which object: there is one of a kind, namespace and name."""

    group: str
    kind: str
    namespace: str
    """Empty for what no namespace holds."""
    name: str
    version: str = "v1"
    """The version of its API in which it is written; it is the same object in any."""

    @property
    def api_version(self) -> str:
        """How manifests say it: `apps/v1`, or `v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def id(self) -> str:
        """The id in Pulumi's state: `namespace/name`, or the name."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def key(self) -> str:
        """How the recorder calls it."""
        return "|".join((self.group, self.kind, self.namespace, self.name))


class Objects(Protocol):
    """The objects of one cluster."""

    def create(self, at: Reference, wanted: Object) -> None:
        """Make one."""

    def read(self, at: Reference) -> Object:
        """Return one as it is, or raise `MissingError`."""

    def replace(self, at: Reference, wanted: Object) -> None:
        """Change one in place."""

    def delete(self, at: Reference) -> None:
        """Delete one, or raise `MissingError`."""


class Recorder:
    """Objects in a file; nothing runs, so whatever an object waits for is there at once.

    Args:
        path: The file; clusters share it.
        cluster: Address of the API server.
    """

    def __init__(self, path: Path, cluster: str) -> None:
        self._path, self._cluster = path, cluster

    def create(self, at: Reference, wanted: Object) -> None:
        """Keep one, with what an API server would add."""
        kept = self.all()
        if at.key in kept:
            raise RefusedError(f"{at}: already exists")
        if at.namespace and at.namespace not in BUILT_IN and f"|Namespace||{at.namespace}" not in kept:
            raise RefusedError(f"{at}: namespace `{at.namespace}` not found")
        self._write(kept | {at.key: _stamped(wanted, str(uuid.uuid4()), 1)})

    def read(self, at: Reference) -> Object:
        """Return one as it was kept."""
        try:
            return self.all()[at.key]
        except KeyError:
            raise MissingError(str(at)) from None

    def replace(self, at: Reference, wanted: Object) -> None:
        """Keep another version of one."""
        was = self.read(at)["metadata"]
        self._write(self.all() | {at.key: _stamped(wanted, was["uid"], int(was["resourceVersion"]) + 1)})

    def delete(self, at: Reference) -> None:
        """Keep one no longer; with a namespace goes what it holds."""
        self.read(at)
        gone = {at.key, *(self._held_by(at.name) if (at.group, at.kind) == ("", "Namespace") else ())}
        self._write({key: item for key, item in self.all().items() if key not in gone})

    def all(self) -> dict[str, Object]:
        """Return every object of the cluster by its key."""
        return self._clusters().get(self._cluster, {})

    def _held_by(self, namespace: str) -> Iterator[str]:
        return (key for key in self.all() if key.split("|")[2] == namespace)

    def _clusters(self) -> dict[str, dict[str, Object]]:
        return _read(self._path)

    def _write(self, objects: dict[str, Object]) -> None:
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._clusters() | {self._cluster: objects}, indent=1, sort_keys=True))
        part.replace(self._path)


def recorded(folder: Path) -> list[str]:
    """Return the addresses of the clusters in which something was ever made."""
    return sorted(_read(folder / "objects.json"))


def _read(path: Path) -> dict[str, dict[str, Object]]:
    return json.loads(path.read_text()) if path.exists() else {}


def _stamped(wanted: Object, uid: str, version: int) -> Object:
    metadata = {**wanted["metadata"], "uid": uid, "resourceVersion": str(version), "generation": version}
    return {**wanted, "metadata": metadata}
