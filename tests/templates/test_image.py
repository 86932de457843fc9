"""What a project's image is made of, and what its entry point does with packages that are not what they should be.

No image is built here: that needs docker. Its parts are held against each other, and what it would run is run.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.release.attestation import FileSigner, attest, make_key
from pipelines.release.keys import Signer
from pipelines.release.package import MANIFEST, Package, build_manifest, read_package
from tests.harness.aws import empty_moto_server, point_at, s3_client
from tests.harness.dockerfile import Stage, stages
from tests.harness.packages import flip_byte, make_package, write_files

BUCKET = "artifacts"
HOME = f"s3://{BUCKET}/acme/churn/models/sha256"


@pytest.fixture(scope="module")
def parts(rendered: Path) -> list[Stage]:
    """The stages of the project's Dockerfile."""
    return stages((rendered / "Dockerfile").read_text())


def test_one_line_names_another_image_by_digest(parts: list[Stage], rendered: Path) -> None:
    """Bots that update images look at FROM lines; all other stages begin with that one."""
    outside = [stage.base for stage in parts if stage.base not in {other.name for other in parts}]

    assert 1 == len(outside)
    assert re.fullmatch(r"python:3\.\d+-slim@sha256:[0-9a-f]{64}", outside[0])
    assert f"python:{_oldest(rendered)}-slim" == outside[0].partition("@")[0]


def _oldest(project: Path) -> str:
    return str(tomllib.loads((project / "pyproject.toml").read_text())["project"]["requires-python"].strip(">="))


def test_it_runs_as_nobody_in_particular(parts: list[Stage]) -> None:
    """By number, so that a cluster can see that it is not root; and without a shell between."""
    final = parts[-1]

    assert ["65532:65532"] == [item.rest for item in final.named("USER")]
    assert ["python", "-m", "churn"] == final.entry_point
    assert final.instructions.index(final.named("USER")[0]) > final.instructions.index(final.named("RUN")[-1])


def test_libraries_are_those_of_the_lock_by_hash(parts: list[Stage], rendered: Path) -> None:
    """Nothing is resolved while an image is built, and nothing is compiled."""
    install = parts[1].named("RUN")[0].rest

    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(install.split())
    assert "--locked --only-group serve" in (rendered / "Makefile").read_text()


def test_it_has_all_code_that_serving_imports_and_no_more(parts: list[Stage], rendered: Path, tmp_path: Path) -> None:
    """From the entry point on, through every import; training and its libraries stay outside."""
    parts[-1].copy_to(rendered, tmp_path)
    there = {str(path.relative_to(tmp_path / "app" / "churn")) for path in (tmp_path / "app").rglob("*.py")}

    needed, libraries = closure(rendered / "src" / "churn", "__main__.py")

    assert needed == there
    assert libraries <= _names(rendered)


def _names(project: Path) -> set[str]:
    group = tomllib.loads((project / "pyproject.toml").read_text())["dependency-groups"]["serve"]
    return {re.split(r"[^a-z0-9-]", name)[0].replace("-", "_") for name in group} | {"botocore"}


def closure(package: Path, start: str) -> tuple[set[str], set[str]]:
    """Return the modules that a module imports, however far, and the libraries that they import."""
    waiting, found, libraries = [start, "__init__.py"], set[str](), set[str]()
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse((package / path).read_text())):
            waiting += _own(package, package / path, node)
            libraries |= _libraries(node)
    return found, libraries - set(sys.stdlib_module_names)


def _own(package: Path, module: Path, node: ast.AST) -> list[str]:
    if not isinstance(node, ast.ImportFrom) or not node.level:
        return []
    folder = module.parents[node.level - 1]
    names = [node.module] if node.module else [alias.name for alias in node.names]
    paths = [(folder / name.replace(".", "/")).with_suffix(".py") for name in names]
    inits = [path.parent / "__init__.py" for path in paths]
    return [str(path.relative_to(package)) for path in [*paths, *inits] if path.is_file()]


def _libraries(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    named = isinstance(node, ast.ImportFrom) and not node.level and node.module
    return {named.partition(".")[0]} if named else set()


def test_the_builder_is_sent_no_more_than_it_copies(rendered: Path) -> None:
    """Everything is ignored but what COPY names: data, packages, history and keys never reach a builder."""
    lines = [line for line in (rendered / ".dockerignore").read_text().splitlines() if not line.startswith("#")]

    assert "*" == lines[0]
    assert {"!build/image/requirements.txt", "!src"} == {line for line in lines if line.startswith("!")}


def test_the_image_is_named_after_the_project_own_repository(rendered: Path, tmp_path: Path) -> None:
    """As the contract has it; where there is none, one line says so."""
    script = str(rendered / "scripts" / "repository.py")

    def said(document: dict[str, Any] | None) -> str:
        (tmp_path / "stack").mkdir(exist_ok=True)
        if document is not None:
            (tmp_path / "stack" / "dev.json").write_text(json.dumps(document))
        done = subprocess.run([sys.executable, script, "dev"], cwd=tmp_path, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip()

    assert "stack/dev.json: missing; not connected to dev yet: run `stackwright contract pull`" == said(None)
    assert "stack/dev.json: container_registry: none; dev runs no images" == said({})
    uri = "registry.acme.example/dev/churn"
    assert uri == said({"container_registry": {"flavor": "existing", "uri": uri}})


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


@pytest.mark.parametrize("words", [[], ["train"]], ids=["nothing", "another word"])
def test_the_entry_point_does_two_things(words: list[str], rendered: Path) -> None:
    """Everything else is told what to say."""
    variables = {**os.environ, "PYTHONPATH": str(rendered / "src")}
    done = subprocess.run([sys.executable, "-m", "churn", *words], env=variables, capture_output=True, text=True)

    assert (1, "say `fetch` or `serve`, and --help for what each wants\n") == (done.returncode, done.stderr)


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
