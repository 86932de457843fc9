"""Every lasting write that the command makes; no other module makes one, so that a test can kill around each.

A write either happened or did not: files are replaced by rename, folders published by rename, objects put on
condition that the key is new.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

Result = TypeVar("Result")


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Give a file new content, durably: temporary name, fsync, rename."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file; removing what is not there is done already."""
    with explained(path):
        path.unlink(missing_ok=True)


def publish_folder(staged: Path, final: Path) -> bool:
    """Rename a finished folder into place; `False` when somebody else published first."""
    with explained(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        try:
            staged.rename(final)
        except OSError:
            if not final.is_dir():
                raise
            shutil.rmtree(staged)
            return False
        _sync_folder(final.parent)
        return True


def put_object(client: Any, bucket: str, key: str, body: BinaryIO | bytes) -> bool:
    """Put an object under a new key; `False` when the key exists (boto3 S3 client)."""
    try:
        client.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*")
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in {"PreconditionFailed", "ConditionalRequestConflict"}:
            return False
        raise
    return True


def change_registry(change: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
    """Make one change in a model registry."""
    return change(*arguments, **named)


def start_process(command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path) -> int:
    """Start a detached process that outlives this one, and return its pid."""
    with explained(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    return process.pid


def signal_process(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process; one that has ended already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the file system says into an error that a person can act on."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}; nothing was changed there") from error


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
