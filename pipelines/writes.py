"""Every lasting write that the command makes; no other module makes one, so that a test can kill around each.

A write either happened or did not: files are replaced by rename, folders published by rename, objects put on
condition that the key is new.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from components.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from typing import BinaryIO

Result = TypeVar("Result")

TAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}
UNCONDITIONAL = "NotImplemented"
"""What a store says that refuses every condition on a put; a look before it takes its place."""


def replace_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Give a file new content, durably: temporary name, fsync, rename."""
    with explained(path), _written(path, content, mode) as temporary:
        temporary.replace(path)
        _sync_folder(path.parent)


def append_file(path: Path, content: bytes) -> None:
    """Add to the end of a file that a job's host has made for this, in one write."""
    with explained(path), path.open("ab", buffering=0) as file:
        file.write(content)


def remove_file(path: Path) -> None:
    """Remove a file; removing what is not there is done already."""
    with explained(path):
        path.unlink(missing_ok=True)


def create_file(path: Path, content: bytes) -> bool:
    """Create a file, durably and with all its content at once; `False` when the name is taken: the first is kept."""
    with explained(path), _written(path, content, 0o644) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        _sync_folder(path.parent)
    return True


@contextlib.contextmanager
def staging_folder(staged: Path) -> Generator[Path]:
    """Give an empty folder that one process at a time fills; the lock is on the folder and dies with the process.

    What an earlier process left there is removed first, so that a killed copy is simply made again. The caller
    publishes the folder by rename, or it is removed.
    """
    with explained(staged):
        lock = _lock_folder(staged)
        try:
            _empty_folder(staged)
            yield staged
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
        finally:
            os.close(lock)


def stage_file(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file of a staged folder, durably; nobody sees it before the folder is published."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def publish_folder(staged: Path, final: Path) -> bool:
    """Rename a finished folder into place; `False` when somebody else published first."""
    with explained(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        _sync_tree(staged)
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
        code = error.response["Error"]["Code"]
        if code == UNCONDITIONAL:
            return _put_after_look(client, bucket, key, body)
        if code in TAKEN:
            return False
        raise
    return True


def put_large_object(client: Any, bucket: str, key: str, parts: Iterable[bytes]) -> bool:
    """Put an object in parts under a new key; it appears with the last call. `False` when the key exists.

    What a killed upload leaves is not an object, but is paid for until a lifecycle rule aborts it.
    """
    upload = {"Bucket": bucket, "Key": key}
    upload["UploadId"] = client.create_multipart_upload(**upload)["UploadId"]
    try:
        tags = [
            client.upload_part(**upload, PartNumber=number, Body=part)["ETag"] for number, part in enumerate(parts, 1)
        ]
        listed = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1)]
        _complete(client, {**upload, "MultipartUpload": {"Parts": listed}})
    except client.exceptions.ClientError as error:
        client.abort_multipart_upload(**upload)
        if error.response["Error"]["Code"] in TAKEN:
            return False
        raise
    return True


def _put_after_look(client: Any, bucket: str, key: str, body: BinaryIO | bytes) -> bool:
    """Put an object unless it is there; two at the same moment both put."""
    try:
        client.head_object(Bucket=bucket, Key=key)
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in {"404", "NoSuchKey"}:
            raise
    else:
        return False
    if not isinstance(body, bytes):
        body.seek(0)
    client.put_object(Bucket=bucket, Key=key, Body=body)
    return True


def _complete(client: Any, upload: Mapping[str, Any]) -> None:
    try:
        client.complete_multipart_upload(**upload, IfNoneMatch="*")
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != UNCONDITIONAL:
            raise
        client.complete_multipart_upload(**upload)


def change_registry(change: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
    """Make one change in a model registry."""
    return change(*arguments, **named)


def change_cluster(change: Callable[..., Result], *arguments: Any) -> Result:
    """Make one change of one object in a cluster."""
    return change(*arguments)


def change_host(change: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
    """Make one change at the host of a repository."""
    return change(*arguments, **named)


def change_git(
    root: Path, *arguments: str, environment: Mapping[str, str], standard_input: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """Run git where it writes: objects, an index of its own, or a branch of the remote, which it moves whole or not."""
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],
        input=standard_input,
        env=dict(environment),
        capture_output=True,
        check=False,
    )
    said = (done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
    return subprocess.CompletedProcess(done.args, done.returncode, *said)


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
def _written(path: Path, content: bytes, mode: int) -> Generator[Path]:
    """Give a finished file under a temporary name beside a path; what is left under that name goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn what the file system says into an error that a person can act on."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}; nothing was changed there") from error


def _lock_folder(folder: Path) -> int:
    """Return a locked handle of the folder that has this name now: its last owner may have renamed or removed it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with contextlib.suppress(FileExistsError):  # `exist_ok` looks again, and by then it may have been renamed
            folder.mkdir()
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        fcntl.flock(handle, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), folder.stat()):
                return handle
        os.close(handle)


def _empty_folder(folder: Path) -> None:
    for item in folder.iterdir():
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        else:
            item.unlink()


def _sync_tree(folder: Path) -> None:
    for inner, _, _ in os.walk(folder):
        _sync_folder(Path(inner))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
