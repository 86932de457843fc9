"""Packages: what is one, and everything that is refused."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.errors import UserError
from pipelines.release.package import MANIFEST, build_manifest, open_package, parse_digest, read_package
from tests.harness.packages import FILES, flip_byte, make_package, write_files

NAMES = st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9_.]{0,8}", fullmatch=True).filter(
    lambda name: name not in {MANIFEST, "registered_model_meta"}
)
CONTENTS = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/".join(parts)),
    st.binary(max_size=64),
    min_size=1,
    max_size=5,
).filter(
    lambda files: not any(f"{inner}/".startswith(f"{outer}/") and inner != outer for inner in files for outer in files)
)


def test_a_package_is_named_by_its_manifest(tmp_path):
    """The digest is the SHA-256 of the manifest's bytes, and the manifest lists every other file."""
    package = make_package(tmp_path / "package")
    manifest = (tmp_path / "package" / MANIFEST).read_bytes()

    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == package.digest
    assert sorted(FILES) == [entry.path for entry in package.files]
    assert sum(map(len, FILES.values())) == package.size_bytes


def test_the_manifest_is_canonical(tmp_path):
    """The bytes are fixed by format version 1: projects write them with code of their own."""
    write_files(tmp_path / "package", {"b": b"b", "a": b""})
    empty, b = hashlib.sha256(b"").hexdigest(), hashlib.sha256(b"b").hexdigest()
    files = f'{{"path":"a","sha256":"{empty}","size":0}},{{"path":"b","sha256":"{b}","size":1}}'
    expected = f'{{"files":[{files}],"version":1}}\n'

    assert expected.encode() == build_manifest(tmp_path / "package")


@settings(max_examples=60, deadline=None)
@given(files=CONTENTS)
def test_what_is_built_is_read(files):
    """Any plain files make a package that is read back."""
    with tempfile.TemporaryDirectory() as folder:
        package = make_package(Path(folder, "package"), files)

    assert {name: len(content) for name, content in files.items()} == {
        entry.path: entry.size for entry in package.files
    }


@settings(max_examples=100, deadline=None)
@given(files=CONTENTS, data=st.data())
def test_one_flipped_byte_is_refused(files, data):
    """Whichever bit of whichever file changes, the package is refused or has another digest."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "package")
        package = make_package(folder, files)
        name = data.draw(st.sampled_from([MANIFEST, *(name for name, content in files.items() if content)]))
        content = bytearray((folder / name).read_bytes())
        offset = data.draw(st.integers(0, len(content) - 1))
        content[offset] ^= 1 << data.draw(st.integers(0, 7))
        (folder / name).write_bytes(content)

        try:
            changed = read_package(folder).digest
        except UserError:
            return

    assert changed != package.digest


def _extra_file(folder):
    (folder / "extra.py").write_text("")


def _symlink(folder):
    (folder / "model.onnx").rename(folder.parent / "elsewhere")
    (folder / "model.onnx").symlink_to(folder.parent / "elsewhere")


def _linked_folder(folder):
    (folder / "parts" / "empty").unlink()
    (folder / "parts").rmdir()
    (folder.parent / "parts").mkdir()
    (folder.parent / "parts" / "empty").write_bytes(b"")
    (folder / "parts").symlink_to(folder.parent / "parts")


def _linked_manifest(folder):
    (folder / MANIFEST).rename(folder.parent / MANIFEST)
    (folder / MANIFEST).symlink_to(folder.parent / MANIFEST)


def _hidden_file(folder):
    (folder / ".hidden").write_text("")


def _hidden_folder(folder):
    (folder / ".git").mkdir()
    (folder / ".git" / "hook.py").write_text("")


def _empty_folder(folder):
    (folder / "plots").mkdir()


def _longer_file(folder):
    (folder / "model.onnx").write_bytes(FILES["model.onnx"] + b"x")


def _pipe(folder):
    (folder / "model.onnx").unlink()
    os.mkfifo(folder / "model.onnx")


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (lambda folder: flip_byte(folder / "model.onnx"), "model.onnx", "but the manifest says"),
        (_longer_file, "model.onnx", "7001 bytes, but the manifest says 7000"),
        (lambda folder: (folder / "model.onnx").unlink(), "model.onnx", "missing, but the manifest lists it"),
        (lambda folder: (folder / MANIFEST).unlink(), MANIFEST, "missing"),
        (lambda folder: (folder / MANIFEST).write_bytes(b""), MANIFEST, "not JSON"),
        (_linked_manifest, MANIFEST, "cannot be read"),
        (_extra_file, "extra.py", "not in the manifest"),
        (_symlink, "model.onnx", "symbolic links are not allowed"),
        (_linked_folder, "parts", "symbolic links are not allowed"),
        (_hidden_file, ".hidden", "hidden names are not allowed"),
        (_hidden_folder, ".git", "hidden names are not allowed"),
        (_empty_folder, "plots", "empty folder"),
        (_pipe, "model.onnx", "neither a file nor a folder"),
    ],
)
def test_a_changed_package_is_refused(tmp_path, change, path, said):
    """The message names the file and what is wrong with it."""
    make_package(tmp_path / "package")
    change(tmp_path / "package")

    with pytest.raises(UserError, match=said) as caught:
        read_package(tmp_path / "package", "build/package")

    assert any(line.startswith(f"build/package/{path}: ") for line in caught.value.problems)


def test_all_problems_are_named_at_once(tmp_path):
    """One run says everything that is wrong with the names, sorted."""
    make_package(tmp_path / "package")
    for change in (_extra_file, _hidden_file, _symlink):
        change(tmp_path / "package")

    with pytest.raises(UserError) as caught:
        read_package(tmp_path / "package", "p")

    assert ["p/.hidden", "p/extra.py", "p/model.onnx", "p/model.onnx"] == [
        line.split(": ")[0] for line in caught.value.problems
    ]


def test_every_changed_file_is_named(tmp_path):
    """Content that differs is named for each file, not only for the first."""
    make_package(tmp_path / "package")
    flip_byte(tmp_path / "package" / "model.onnx")
    flip_byte(tmp_path / "package" / "signature.json")

    with pytest.raises(UserError) as caught:
        read_package(tmp_path / "package", "p")

    assert ["p/model.onnx", "p/signature.json"] == [line.split(": ")[0] for line in caught.value.problems]


def _manifest(**changes):
    entry = {"path": "model.onnx", "size": 1, "sha256": hashlib.sha256(b"x").hexdigest()} | changes
    return {"version": 1, "files": [entry]}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (_manifest(path="/etc/passwd"), "absolute"),
        (_manifest(path="../model.onnx"), "not a plain relative path"),
        (_manifest(path="a//b"), "not a plain relative path"),
        (_manifest(path=".git/config"), "hidden"),
        (_manifest(path="a\\b"), "backslashes"),
        (_manifest(path="a\nb"), "unprintable"),
        (_manifest(path=MANIFEST), "never listed"),
        (_manifest(size="1"), "files.0.size"),
        (_manifest(size=-1), "files.0.size"),
        (_manifest(sha256="AB"), "files.0.sha256"),
        (_manifest() | {"version": 2}, "version"),
        (_manifest() | {"files": []}, "files"),
        (_manifest() | {"note": "x"}, "unknown field"),
        ([], "expected a mapping"),
    ],
)
def test_a_tampered_manifest_is_refused(tmp_path, value, said):
    """Paths that lead out of the package and unknown fields never get as far as a file."""
    write_files(tmp_path / "package", {"model.onnx": b"x"})
    content = json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"
    (tmp_path / "package" / MANIFEST).write_text(content)

    with pytest.raises(UserError, match=said):
        open_package(tmp_path / "package")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.rstrip("\n"),
        lambda text: text.replace(",", ", "),
        lambda text: json.dumps(json.loads(text) | {"files": json.loads(text)["files"][::-1]}),
        lambda text: json.dumps(json.loads(text) | {"files": json.loads(text)["files"] * 2}),
        lambda text: text.replace('"version":1', '"version":1,"version":1'),
    ],
)
def test_only_canonical_bytes_are_a_manifest(tmp_path, change):
    """One set of files has one digest: the same entries in other bytes are refused."""
    make_package(tmp_path / "package")
    manifest = tmp_path / "package" / MANIFEST
    manifest.write_text(change(manifest.read_text()))

    with pytest.raises(UserError, match=r"not canonical|given twice"):
        read_package(tmp_path / "package")


def test_an_empty_package_is_refused(tmp_path):
    """An empty folder is what a download that failed open leaves."""
    (tmp_path / "package").mkdir()

    with pytest.raises(UserError, match="no files"):
        build_manifest(tmp_path / "package")
    with pytest.raises(UserError, match=r"manifest\.json: missing"):
        read_package(tmp_path / "package")
    with pytest.raises(UserError, match="not a folder"):
        read_package(tmp_path / "nothing")


def test_what_mlflow_leaves_is_not_part_of_a_package(tmp_path):
    """MLflow writes `registered_model_meta` into folders that it loads from; only that name, only at the top."""
    package = make_package(tmp_path / "package")
    (tmp_path / "package" / "registered_model_meta").write_text("model_name: churn")

    assert package.digest == read_package(tmp_path / "package").digest

    (tmp_path / "package" / "parts" / "registered_model_meta").write_text("")

    with pytest.raises(UserError, match="not in the manifest"):
        read_package(tmp_path / "package")


def test_names_that_cannot_be_packaged_are_named(tmp_path):
    """Building a manifest refuses what reading one would."""
    make_package(tmp_path / "package")
    _symlink(tmp_path / "package")
    _hidden_file(tmp_path / "package")

    with pytest.raises(UserError) as caught:
        build_manifest(tmp_path / "package")

    assert len(caught.value.problems) == 2


def test_names_that_are_not_text_are_refused(tmp_path):
    """A file name in no encoding would make a manifest that other tools cannot read."""
    make_package(tmp_path / "package")
    Path(os.fsdecode(os.fsencode(tmp_path / "package") + b"/\xff")).write_text("")

    with pytest.raises(UserError, match="unprintable"):
        build_manifest(tmp_path / "package")


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:" + "A" * 64, "md5:" + "a" * 64, "sha256:" + "a" * 63, "../x"])
def test_what_is_not_a_digest_is_refused(text):
    """Digests become paths and keys, so nothing else may pass."""
    with pytest.raises(UserError, match="is not a digest"):
        parse_digest(text)
