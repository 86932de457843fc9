"""What the entry point of a project's image does with packages that are not what they should be."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.release.attestation import FileSigner, attest, make_key
from pipelines.release.keys import Signer
from pipelines.release.package import MANIFEST, Package, build_manifest, read_package
from tests.harness.aws import empty_moto_server, point_at, s3_client
from tests.harness.packages import flip_byte, make_package, write_files

BUCKET = "artifacts"
HOME = f"s3://{BUCKET}/acme/churn/models/sha256"


@dataclass
class Stored:
    """A package in a store, with an attestation, and the key that made it."""

    package: Package
    folder: Path
    """Of the store."""
    key: FileSigner
    read: Callable[..., subprocess.CompletedProcess[str]]
    """Run `fetch`; more variables of its environment by name."""
    into: Path

    @property
    def stored(self) -> Path:
        return self.folder / self.package.digest[7:]

    @property
    def signature(self) -> Path:
        return self.folder / f"{self.package.digest[7:]}.dev.sig"

    def sign(self, folder: Path, key: Signer | None = None) -> None:
        self.signature.write_bytes(attest(folder, key or self.key))


@pytest.fixture
def stored(rendered: Path, tmp_path: Path) -> Stored:
    """A package as `register` leaves it in a store that is a folder."""
    key = tmp_path / "key.pem"
    make_key(key)
    made = make_package(tmp_path / "made")
    folder = tmp_path / "store"
    package = make_package(folder / made.digest[7:])
    into = tmp_path / "packages" / package.digest[7:]

    def read(home: str = folder.as_uri(), **more: str) -> subprocess.CompletedProcess[str]:
        address = f"{home}/{package.digest[7:]}"
        words = ["--package", address, "--digest", package.digest, "--signature", f"{address}.dev.sig"]
        variables = {"PYTHONPATH": str(rendered / "src"), "SIGNING_PUBLIC_KEY": FileSigner(key).public_key}
        return subprocess.run(
            [sys.executable, "-m", "churn", "fetch", *words, "--into", str(into)],
            env={**os.environ, **variables, **more},
            capture_output=True,
            text=True,
        )

    found = Stored(package, folder, FileSigner(key), read, into)
    found.sign(package.folder)
    return found


def test_a_verified_package_appears_at_once(stored: Stored) -> None:
    """Byte for byte; fetched again, what is there is verified again."""
    first, again = stored.read(), stored.read()

    assert [(0, ""), (0, "")] == [(done.returncode, done.stderr) for done in (first, again)]
    assert stored.package.digest == read_package(stored.into).digest
    assert f"{stored.package.digest}: " in first.stdout
    assert [stored.into] == list(stored.into.parent.iterdir())


def corrupt(stored: Stored) -> None:
    """Flip one bit."""
    flip_byte(stored.stored / "model.onnx", 100)


def missing(stored: Stored) -> None:
    """Lose a file."""
    (stored.stored / "model.onnx").unlink()


def truncated(stored: Stored) -> None:
    """Lose the end of a file."""
    (stored.stored / "model.onnx").write_bytes(b"a model")


def empty(stored: Stored) -> None:
    """Lose what is in a file."""
    (stored.stored / "model.onnx").write_bytes(b"")


def too_long(stored: Stored) -> None:
    """Put something behind the end of a file."""
    with (stored.stored / "model.onnx").open("ab") as file:
        file.write(b"x")


def no_manifest(stored: Stored) -> None:
    """Lose the manifest."""
    (stored.stored / MANIFEST).unlink()


def other_manifest(stored: Stored) -> None:
    """Another package, whole and canonical, under this one's address."""
    (stored.stored / "model.onnx").write_bytes(b"another model")
    (stored.stored / MANIFEST).unlink()
    (stored.stored / MANIFEST).write_bytes(build_manifest(stored.stored))
    stored.sign(stored.stored)


def extra_file_signed(stored: Stored) -> None:
    """The attestation is about one file more."""
    (stored.stored / "extra.py").write_text("")
    stored.sign(stored.stored)


def file_not_signed(stored: Stored) -> None:
    """The attestation is about one file less."""
    less = stored.folder / "less"
    write_files(less, {"model.onnx": b"a model" * 1000, "signature.json": b"{}"})
    (less / MANIFEST).write_bytes((stored.stored / MANIFEST).read_bytes())
    stored.sign(less)


def other_file_signed(stored: Stored) -> None:
    """The attestation is about another file of that name."""
    other = stored.folder / "other"
    write_files(other, {"model.onnx": b"b model" * 1000, "signature.json": b"{}", "parts/empty": b""})
    (other / MANIFEST).write_bytes((stored.stored / MANIFEST).read_bytes())
    stored.sign(other)


def other_key(stored: Stored) -> None:
    """Somebody else has signed."""
    make_key(stored.folder / "other.pem")
    stored.sign(stored.stored, FileSigner(stored.folder / "other.pem"))


def no_signature(stored: Stored) -> None:
    """Nobody has signed."""
    stored.signature.unlink()


def no_attestation(stored: Stored) -> None:
    """Something else lies where the attestation should."""
    stored.signature.write_text("signed")


def changed_statement(stored: Stored) -> None:
    """A statement that was changed after it was signed."""
    bundle = json.loads(stored.signature.read_bytes())
    body = base64.b64decode(bundle["dsseEnvelope"]["payload"]).replace(b"model.onnx", b"madel.onnx")
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(body).decode()
    stored.signature.write_text(json.dumps(bundle))


def evidence_signed(stored: Stored) -> None:
    """What the same key signed for another purpose."""
    bundle = json.loads(stored.signature.read_bytes())
    body, kind = b'{"resources": []}', "application/json"
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(body), body)
    signature = stored.key.sign(hashlib.sha256(message).digest())
    bundle["dsseEnvelope"] = {
        "payloadType": kind,
        "payload": base64.b64encode(body).decode(),
        "signatures": [{"sig": base64.b64encode(signature).decode()}],
    }
    stored.signature.write_text(json.dumps(bundle))


DAMAGE: dict[Callable[[Stored], None], str] = {
    corrupt: "model.onnx is not what the manifest says",
    missing: "model.onnx: cannot be read: No such file or directory",
    truncated: "model.onnx: 7 bytes, the manifest says 7000",
    empty: "model.onnx: 0 bytes, the manifest says 7000",
    too_long: "model.onnx: more bytes, the manifest says 7000",
    no_manifest: "manifest.json: cannot be read: No such file or directory",
    other_manifest: "manifest.json: is sha256:",
    extra_file_signed: "extra.py is signed, but missing",
    file_not_signed: "parts/empty is not signed",
    other_file_signed: "model.onnx is not what was signed",
    other_key: "not signed by this environment's key",
    no_signature: ".dev.sig: cannot be read: No such file or directory",
    no_attestation: "not an attestation",
    changed_statement: "not signed by this environment's key",
    evidence_signed: "signs something else than a package",
}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_what_is_not_the_pinned_package_never_appears(damage: Callable[[Stored], None], stored: Stored) -> None:
    """Whatever is wrong is one line and exit code 1, and the server has nothing to start with."""
    damage(stored)

    done = stored.read()

    assert 1 == done.returncode
    assert DAMAGE[damage] in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert not stored.into.exists()


def test_a_folder_that_was_changed_meanwhile_is_refused(stored: Stored) -> None:
    """A container that starts again trusts nothing that lies there."""
    stored.read()
    (stored.into / "extra.py").write_text("")

    done = stored.read()

    assert (1, f"{stored.into}: extra.py is not in the manifest\n") == (done.returncode, done.stderr)


def test_an_interrupted_fetch_is_made_again(stored: Stored) -> None:
    """What was left under a hidden name is not used."""
    (stored.into.parent / f".{stored.into.name}" / "parts").mkdir(parents=True)
    (stored.into.parent / f".{stored.into.name}" / "half").write_text("x")

    assert 0 == stored.read().returncode
    assert [stored.into] == list(stored.into.parent.iterdir())


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "no key": ({"SIGNING_PUBLIC_KEY": ""}, "SIGNING_PUBLIC_KEY: not set"),
    "another store": ({"home": "gs://acme"}, "`gs` is no scheme of artifact stores; expected s3 or file"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_not_given_is_named(case: str, stored: Stored) -> None:
    """A key and an address are all it takes."""
    given, told = WRONG[case]

    assert told in stored.read(**given).stderr


@pytest.fixture
def s3(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """The same store behind S3's protocol; its address as pods get it from their Secret."""
    with empty_moto_server() as endpoint:
        point_at(monkeypatch, endpoint)
        client = s3_client()
        client.create_bucket(Bucket=BUCKET)
        for path in stored.folder.rglob("*"):
            if path.is_file():
                key = f"acme/churn/models/sha256/{path.relative_to(stored.folder)}"
                client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        yield endpoint


def test_a_package_is_fetched_from_s3(stored: Stored, s3: str) -> None:
    """The address of the store is what `AWS_ENDPOINT_URL_S3` says."""
    done = stored.read(HOME)

    assert (0, "") == (done.returncode, done.stderr)
    assert stored.package.digest == read_package(stored.into).digest


@pytest.mark.parametrize("name", ["model.onnx", MANIFEST])
def test_what_s3_does_not_have_is_one_line(name: str, stored: Stored, s3: str) -> None:
    """With its address, and what S3 said of it."""
    client = s3_client()
    client.delete_object(Bucket=BUCKET, Key=f"acme/churn/models/sha256/{stored.package.digest[7:]}/{name}")

    done = stored.read(HOME)

    assert 1 == done.returncode
    assert f"{HOME}/{stored.package.digest[7:]}/{name}: cannot be read: " in done.stderr
    assert "NoSuchKey" in done.stderr
    assert not stored.into.exists()
