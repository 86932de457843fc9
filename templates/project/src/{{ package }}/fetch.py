"""Fetch one package from an artifact store; nobody sees it before every byte and the attestation are verified."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from . import attestation, manifest, s3
from .manifest import PackageError

CHUNK_BYTES = 1 << 20
DOCUMENT_BYTES = 64 << 20
"""The most that a manifest or an attestation may have."""
ATTEMPTS = 4
KEY_VARIABLE = "SIGNING_PUBLIC_KEY"

Read = Callable[[str], Iterator[bytes]]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="fetch", description=__doc__)
    parser.add_argument("--package", required=True, help="address of the package: s3://bucket/key or file:///folder")
    parser.add_argument("--digest", required=True, help="which package it has to be: sha256:…")
    parser.add_argument("--signature", required=True, help="address of the environment's attestation")
    parser.add_argument("--into", type=Path, required=True, help="folder that the package becomes")
    options = parser.parse_args(arguments)
    options.public_key = os.environ.get(KEY_VARIABLE, "")
    if not options.public_key:
        parser.error(f"{KEY_VARIABLE}: not set; it is the public half of the environment's signing key, PEM")
    return options


def fetch(package: str, digest: str, signature: str, public_key: str, into: Path) -> int:
    """Make a folder of a package, and return the bytes of its files; a folder that is there is verified again."""
    read = _reader(package)
    if not into.exists():
        partial = into.with_name(f".{into.name}")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        content = _document(read, f"{package}/{manifest.NAME}")
        for path, size in _sizes(content, digest, package).items():
            _copy(read, f"{package}/{path}", size, partial / path)
        (partial / manifest.NAME).write_bytes(content)
        _verify(partial, digest, _document(read, signature), public_key, signature)
        partial.rename(into)
    else:
        _verify(into, digest, _document(read, signature), public_key, signature)
    return sum(path.stat().st_size for path in into.rglob("*") if path.is_file())


def _verify(folder: Path, digest: str, signed: bytes, public_key: str, where: str) -> None:
    found = manifest.verify(folder)
    if found != digest:
        raise PackageError(f"{folder}: holds {found}, not {digest}")
    attestation.verify(signed, public_key, folder, where)


def _sizes(content: bytes, digest: str, package: str) -> dict[str, int]:
    """Return path and size of the files of the package that has this digest, and no other."""
    where = f"{package}/{manifest.NAME}"
    if manifest.digest(content) != digest:
        raise PackageError(f"{where}: is {manifest.digest(content)}, not {digest}")
    try:
        files: list[dict[str, Any]] = json.loads(content)["files"]
        sizes = {str(item["path"]): int(item["size"]) for item in files}
    except (ValueError, KeyError, TypeError) as error:
        raise PackageError(f"{where}: is no manifest") from error
    for path in map(PurePosixPath, sizes):
        if path.is_absolute() or ".." in path.parts:
            raise PackageError(f"{where}: {path} is outside the package")
    return sizes


def _copy(read: Read, address: str, expected: int, target: Path) -> None:
    """Copy one file, and stop as soon as it has more bytes than it may have; its content is verified with the rest."""
    target.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    with target.open("wb") as file:
        for chunk in read(address):
            size += len(chunk)
            if size > expected:
                break
            file.write(chunk)
    if size != expected:
        told = "more" if size > expected else f"{size}"
        raise PackageError(f"{address}: {told} bytes, the manifest says {expected}")


def _document(read: Read, address: str) -> bytes:
    content = b""
    for chunk in read(address):
        content += chunk
        if len(content) > DOCUMENT_BYTES:
            raise PackageError(f"{address}: more than {DOCUMENT_BYTES} bytes")
    return content


def _reader(package: str) -> Read:
    scheme = urlsplit(package).scheme
    if scheme == "file":
        return _read_file
    if scheme == "s3":
        return _s3_reader()
    raise PackageError(f"{package}: `{scheme}` is no scheme of artifact stores; expected s3 or file")


def _read_file(address: str) -> Iterator[bytes]:
    path = Path(unquote(urlsplit(address).path))
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise PackageError(f"{address}: cannot be read: {error.strerror}") from error


def _s3_reader() -> Read:
    from botocore.exceptions import BotoCoreError, ClientError

    client = s3.client(connect_seconds=5, read_seconds=60, attempts=ATTEMPTS)

    def read(address: str) -> Iterator[bytes]:
        parts = urlsplit(address)
        place = {"Bucket": parts.netloc, "Key": parts.path.removeprefix("/")}
        offset, attempt = 0, 1
        while True:
            try:
                for chunk in _stream(client, place, offset):
                    offset += len(chunk)
                    yield chunk
                return
            except ClientError as error:
                raise PackageError(f"{address}: cannot be read: {error}") from error
            except BotoCoreError as error:
                if attempt == ATTEMPTS:
                    raise PackageError(f"{address}: cannot be read: {error}") from error
                attempt += 1

    return read


def _stream(client: Any, place: dict[str, str], offset: int) -> Iterator[bytes]:
    span = {"Range": f"bytes={offset}-"} if offset else {}
    yield from client.get_object(**place, **span)["Body"].iter_chunks(CHUNK_BYTES)


def main() -> None:
    """Fetch, or say what is wrong and leave with 1."""
    options = parse()
    try:
        size = fetch(options.package, options.digest, options.signature, options.public_key, options.into)
    except (PackageError, OSError) as error:
        raise SystemExit(str(error)) from error
    print(f"{options.digest}: {size} bytes in {options.into}, verified")


if __name__ == "__main__":
    main()
