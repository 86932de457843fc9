"""Objects on a real API server."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from kubernetes import config

from tests.harness.cluster.rest import CONNECTION, AnswerError, Rest
from tests.harness.kubernetes_plugin import releases, waiting
from tests.harness.kubernetes_plugin.clusters import Cluster
from tests.harness.kubernetes_plugin.objects import MissingError, Object, Reference, RefusedError

Answer = TypeVar("Answer")

TRIES = 5
"""How often a change is tried while no API server answers, with a second between."""


class ServerObjects:
    """Objects of one cluster, applied server-side and waited for.

    Args:
        cluster: Where they are.
        folder: Where the stand-ins of the stack keep what they keep: another stack is another field manager.
    """

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        client = config.new_client_from_config_dict(dict(cluster.config or {}), context=cluster.context)
        self.client, self.rest = client, Rest(client)
        self._folder = folder

    def create(self, at: Reference, wanted: Object) -> None:
        """Make one that is not there yet, and wait until it is ready."""
        if self._is_there(at, wanted):
            raise RefusedError(f"{at}: already exists")
        self.replace(at, wanted)

    def read(self, at: Reference) -> Object:
        """Return one as it is."""
        return self._missing_or(at, lambda: self._read(at))

    def replace(self, at: Reference, wanted: Object) -> None:
        """Apply one, and wait until it is ready."""
        sent = releases.stored(at, wanted) if releases.is_one(at) else wanted
        self._apply(at, sent)
        if releases.is_one(at):
            releases.bring(self.client, wanted)
        else:
            waiting.until_ready(self.rest, at, sent)

    def delete(self, at: Reference) -> None:
        """Delete one, and wait until it has really gone."""
        live = self.read(at)
        path = releases.path(at) if releases.is_one(at) else self.rest.path_of(live)
        self._missing_or(at, lambda: _patiently(lambda: self.rest.delete(path)))
        if not releases.is_one(at):
            waiting.until_gone(self.rest, at, live)

    def _read(self, at: Reference) -> Object:
        if releases.is_one(at):
            return releases.read(at, self.rest.get(releases.path(at)))
        return self.rest.get(self._path(at))

    def _apply(self, at: Reference, wanted: Object) -> None:
        force = (wanted["metadata"].get("annotations") or {}).get("pulumi.com/patchForce") == "true"
        try:
            _patiently(lambda: self.rest.apply(wanted, self._manager(at), force=force))
        except AnswerError as error:
            raise RefusedError(f"{at}: {error.message}") from error

    def _is_there(self, at: Reference, wanted: Object) -> bool:
        path = releases.path(at) if releases.is_one(at) else None
        with suppress(AnswerError):
            _patiently(lambda: self.rest.get(path or self.rest.path_of(wanted)))
            return True
        return False

    def _path(self, at: Reference) -> str:
        return self.rest.resource(at.api_version, at.kind).path(at.namespace, at.name)

    def _manager(self, at: Reference) -> str:
        return f"pulumi-kubernetes-{hashlib.sha256(f'{self._folder}|{at.key}'.encode()).hexdigest()[:8]}"

    def _missing_or(self, at: Reference, ask: Callable[[], Answer]) -> Answer:
        try:
            return _patiently(ask)
        except AnswerError as error:
            if error.status == 404:
                raise MissingError(str(at)) from error
            raise RefusedError(f"{at}: {error.message}") from error


def _patiently(ask: Callable[[], Answer]) -> Answer:
    """Ask again while no API server answers, or the one that does is only starting or ending."""
    for _ in range(TRIES - 1):
        with suppress(CONNECTION):
            try:
                return ask()
            except AnswerError as error:
                if error.status not in (429, 500, 503, 504):
                    raise
        time.sleep(1)
    return ask()
