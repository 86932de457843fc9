"""The model registry of MLflow: a server, or a SQLite file on one machine.

An entry is one model version, created in one call with its digest as a tag; the release number of the first
environment is the number of that version. Importing MLflow takes seconds, so it happens at the first use.

Surprises of MLflow: a server refuses local paths as a version's source, and whoever loads a version of a SQLite
registry lets MLflow write a file into the folder that it came from. So a package in a folder has a source that MLflow
does not open (`stackwright:///folder`), and its address is in the tag `stackwright.uri`. Asked for a registered model,
MLflow reads every version (0.2 s for 10,000), so it is not asked.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from pipelines import writes
from pipelines.registry.base import Entry
from pipelines.release.package import parse_digest

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from pipelines.registry.credentials import Credentials

DIGEST, RELEASE, URI = "stackwright.digest", "stackwright.release", "stackwright.uri"
RUN_DIGEST = "stackwright.package_digest"

PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
}
"""Retries over about six seconds, unless the environment says otherwise; MLflow's own take four minutes."""


class MlflowRegistry:
    """Releases as versions of MLflow's registered models."""

    def __init__(self, tracking_uri: str, credentials: Credentials | None = None) -> None:
        self.tracking_uri, self._credentials = tracking_uri, credentials

    def find(self, model: str, digest: str) -> Entry | None:
        """Return the entry of a digest."""
        with self._explained(model):
            version = self._version(model, digest)
            return _entry(version) if version else None

    def add(self, model: str, digest: str, uri: str, release: int | None, tags: Mapping[str, str]) -> Entry:
        """Enter a digest once."""
        with self._explained(model), _alone(self.tracking_uri, self._client):
            version = self._version(model, digest) or self._create(model, digest, uri, release, tags)
            return self._complete(version, release)

    def _version(self, model: str, digest: str) -> Any:
        """Return the first version that has this digest: of two that were created at once, the first counts."""
        parse_digest(digest)
        wanted = f"name = '{model}' and tags.`{DIGEST}` = '{digest}'"
        found = self._client.search_model_versions(wanted, max_results=1, order_by=["version_number ASC"])
        return found[0] if found else None

    def _create(self, model: str, digest: str, uri: str, release: int | None, tags: Mapping[str, str]) -> Any:
        known = {**tags, DIGEST: digest, URI: uri} | ({} if release is None else {RELEASE: str(release)})
        self._ensure_model(model)
        run = self._run_of(digest)
        created = self._change(
            "create_model_version", model, _source(uri), run_id=run, tags=known, await_creation_for=0
        )
        first = self._version(model, digest)
        if first.version != created.version:
            self._change("delete_model_version", model, created.version)
        return first

    def _ensure_model(self, model: str) -> None:
        """Create the model, unless one of its versions says that it is there."""
        from mlflow.exceptions import MlflowException

        if self._client.search_model_versions(f"name = '{model}'", max_results=1, order_by=["version_number ASC"]):
            return
        try:
            self._change("create_registered_model", model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _complete(self, version: Any, release: int | None) -> Entry:
        """Store the release number unless it is there: a process that was killed leaves it out."""
        entry = _entry(version)
        if release is not None and RELEASE in version.tags and entry.release != release:
            raise UserError(
                f"{self._shown}: {entry.model}: {entry.digest} is release {entry.release} here, not {release};"
                " a release number is given once, by the first environment"
            )
        if RELEASE in version.tags:
            return entry
        number = str(release or entry.release)
        self._change("set_model_version_tag", entry.model, version.version, RELEASE, number)
        return Entry(entry.model, int(number), entry.digest, entry.uri)

    def _run_of(self, digest: str) -> str | None:
        """Return the run that built the package, if this server knows it."""
        experiments = [item.experiment_id for item in self._client.search_experiments(max_results=1000)]
        found = self._client.search_runs(experiments, f"tags.`{RUN_DIGEST}` = '{digest}'", max_results=1)
        return found[0].info.run_id if found else None

    def _change(self, name: str, *arguments: Any, **named: Any) -> Any:
        return writes.change_registry(getattr(self._client, name), *arguments, **named)

    @cached_property
    def _client(self) -> Any:
        from mlflow.tracking import MlflowClient

        with _alone(self.tracking_uri):
            return MlflowClient(self.tracking_uri, self.tracking_uri)

    @property
    def _shown(self) -> str:
        """The address without a password."""
        return re.sub(r"//[^/@]*@", "//", self.tracking_uri)

    @contextlib.contextmanager
    def _explained(self, model: str) -> Generator[None]:
        """Turn what MLflow says into an error that a person can act on."""
        _prepare(self.tracking_uri)
        from mlflow.exceptions import MlflowException, RestException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._credentials.used() if self._credentials else contextlib.nullcontext():
                yield
        except RestException as error:
            raise UserError(f"{self._shown}: {model}: the model registry refused: {_reason(error)}") from error
        except (MlflowException, SQLAlchemyError) as error:
            raise UserError(
                f"{self._shown}: {model}: the model registry cannot be used: {_reason(error)};"
                " nothing is half-written: run this again when it can"
            ) from error


def _entry(version: Any) -> Entry:
    release = version.tags.get(RELEASE, str(version.version))
    if not release.isdecimal():
        raise UserError(f"{version.name}: version {version.version}: tag {RELEASE}: `{release}` is not a number")
    return Entry(version.name, int(release), version.tags[DIGEST], version.tags.get(URI, version.source))


def _source(uri: str) -> str:
    return uri.replace("file://", "stackwright://", 1) if uri.startswith("file://") else uri


def _reason(error: Exception) -> str:
    """Shorten what MLflow says: its addresses hold passwords, and its transport errors are long."""
    text = str(error)
    if answered := re.search(r"too many (\d+) error responses", text):
        return f"it answered {answered[1]} again and again"
    if "failed with exception" in text:
        return "it cannot be reached"
    line = re.sub(r"//[^/@ ]*@", "//", text.strip().splitlines()[0])
    return line if len(line) <= 300 else f"{line[:297]}..."


@contextlib.contextmanager
def _alone(tracking_uri: str, opened: object = None) -> Generator[None]:  # noqa: ARG001 - opened before it is locked
    """Let one process at a time open or change a SQLite registry: two that do it at once break on each other."""
    if not (folder := _folder(tracking_uri)):
        yield
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _folder(tracking_uri: str) -> Path | None:
    scheme, _, path = tracking_uri.partition(":///")
    return Path(path).parent if scheme == "sqlite" else None


def _prepare(tracking_uri: str) -> None:
    """Set what MLflow reads when it is imported, and refuse what it would try to open for minutes."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    for noisy in ("mlflow", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    folder = _folder(tracking_uri)
    if folder and not folder.is_dir():
        raise UserError(f"{tracking_uri}: folder {folder} does not exist; `stackwright contract local` makes one")
