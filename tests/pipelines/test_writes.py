"""Only one module makes lasting writes, and its writes are whole or not at all."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pipelines
from components.errors import UserError
from pipelines import writes
from tests.harness.children import in_child

ROOT = Path(pipelines.__file__).parent

WRITING_METHODS = {
    "write_text",
    "write_bytes",
    "touch",
    "mkdir",
    "rename",
    "replace",
    "unlink",
    "rmdir",
    "symlink_to",
    "hardlink_to",
    "chmod",
}
MODULES = {"os", "shutil", "subprocess", "tempfile", "signal"}
HARMLESS = {
    "os.environ",
    "os.path",
    "os.scandir",
    "os.walk",
    "os.open",
    "os.fdopen",
    "os.O_RDONLY",
    "os.O_NOFOLLOW",
    "os.O_DIRECTORY",
    "os.close",
    "os.getpid",
    "os.pathsep",
    "shutil.which",
    "shutil.get_terminal_size",
    "signal.SIGTERM",
    "signal.SIGKILL",
    "signal.Signals",
    "subprocess.CompletedProcess",
    "subprocess.CalledProcessError",
    "subprocess.TimeoutExpired",
    "tempfile.TemporaryDirectory",
    "tempfile.mkdtemp",
}

EXCEPTIONS = {
    ("contracts.py", "mkdir"): "an empty folder for the environment: no state, and made again",
    ("connect/export.py", "subprocess.DEVNULL"): "no standard input for pulumi",
    ("connect/export.py", "subprocess.run"): "pulumi, to read an output",
    ("execution.py", "os.execvpe"): "becomes the command that was asked for; writes nothing",
    ("platform_delivery/base.py", "subprocess.run"): "git, to read, and a plan of what it read, in a scratch folder",
    ("platform_delivery/engine.py", "mkdir"): "a folder for plans that are made anew each time",
    ("platform_delivery/engine.py", "subprocess.run"): "pulumi, to list stacks",
    ("plan/policy/reference.py", "write_text"): "a page about the policies, written by whoever changes one",
    ("project.py", "subprocess.run"): "git, to read",
    ("release/scoring.py", "subprocess.run"): "the project's scoring command, which writes into a scratch folder",
    ("release/bundle.py", "write_bytes"): "scratch folder for model-signing's reader",
    ("release/bundle.py", "write_text"): "scratch folder for model-signing's reader",
    ("release/locking.py", "mkdir"): "folder of a lock file: no state",
    ("release/locking.py", "open"): "a lock file: its content means nothing",
    ("store/folder.py", "rmdir"): "an empty staged folder that another process has published",
}
"""Writes outside the module, and why they may be; the rehearsal is a run in a folder of its own, not a release."""


def writes_of(path: Path) -> set[tuple[str, str]]:
    """Return what in a module writes, or might."""
    name = str(path.relative_to(ROOT))
    tree = ast.parse(path.read_text())
    return {(name, what) for node in ast.walk(tree) if (what := _write(node))}


def _write(node: ast.AST) -> str | None:
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in MODULES:
        said = f"{node.value.id}.{node.attr}"
        return None if said in HARMLESS else said
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Name) and node.func.id == "open":
        return None if _reads(node.args[1:], node) else "open"
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
        if name == "open":
            return None if _reads(node.args, node) else "open"
        if name in WRITING_METHODS and not _on_text(name, node):
            return name
    return None


def _reads(arguments: list[ast.expr], node: ast.Call) -> bool:
    """Whether a call of `open` has no mode, or one that only reads; `store.open(digest, folder)` has none."""
    modes = [
        item.value
        for item in [*arguments, *(word.value for word in node.keywords if word.arg == "mode")]
        if isinstance(item, ast.Constant) and isinstance(item.value, str)
    ]
    return not any(set(mode) & set("wax+") for mode in modes)


def _on_text(name: str, node: ast.Call) -> bool:
    """Whether `replace` is that of a text (two arguments) or of a dataclass."""
    return name == "replace" and (len(node.args) != 1 or bool(node.keywords))


def test_no_other_module_writes() -> None:
    """Every lasting write is in `writes`, where a test can kill before and after it; exceptions are named."""
    modules = [path for path in ROOT.rglob("*.py") if path.name != "writes.py" and "rehearsal" not in path.parts]

    found = set[tuple[str, str]]().union(*map(writes_of, modules))

    assert set(EXCEPTIONS) == found


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """The new content has its mode, and nothing lies beside it."""
    path = tmp_path / "inner" / "pin.yaml"
    writes.replace_file(path, b"old")
    writes.replace_file(path, b"new", mode=0o600)

    assert b"new" == path.read_bytes()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert [path] == list(path.parent.iterdir())


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_failed_replacement_leaves_the_old_file(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever step fails, the old content stays, and nothing lies beside it."""
    path = tmp_path / "pin.yaml"
    writes.replace_file(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if step == "fsync" else Path, step, fail)
    with pytest.raises(UserError) as caught:
        writes.replace_file(path, b"new")

    assert [f"{path}: cannot be written: No space left on device; nothing was changed there"] == caught.value.problems
    assert b"old" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_the_first_to_create_a_file_wins(tmp_path: Path) -> None:
    """A file that exists is kept as it is."""
    path = tmp_path / "signature"

    assert [True, False] == [writes.create_file(path, content) for content in (b"first", b"second")]
    assert b"first" == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_what_is_added_to_a_file_comes_after_what_is_there(tmp_path: Path) -> None:
    """Files of a job grow; one that cannot be written is told."""
    path = tmp_path / "output"

    writes.append_file(path, b"a\n")
    writes.append_file(path, b"b\n")

    assert b"a\nb\n" == path.read_bytes()
    with pytest.raises(UserError, match="cannot be written: Is a directory"):
        writes.append_file(tmp_path, b"a")


def test_git_writes_as_it_is_told(tmp_path: Path) -> None:
    """Its variables are those that are given; what it says comes back, a failure, too."""
    started = writes.change_git(tmp_path, "init", "-q", environment=dict(os.environ))
    made = writes.change_git(
        tmp_path, "hash-object", "-w", "--stdin", environment=dict(os.environ), standard_input=b"hello\n"
    )
    failed = writes.change_git(tmp_path, "no-such-command", environment=dict(os.environ))

    assert (0, "ce013625030ba8dba906f756967f9e9ca394464a\n") == (started.returncode, made.stdout)
    assert failed.returncode
    assert "no-such-command" in failed.stderr


def test_the_first_to_publish_a_folder_wins(tmp_path: Path) -> None:
    """A folder that was published is not replaced, and the later one is gone."""
    for name in ("a", "b"):
        with writes.staging_folder(tmp_path / name) as staged:
            writes.stage_file(staged / "file", [name.encode()])
            assert (name == "a") is writes.publish_folder(staged, tmp_path / "final")

    assert b"a" == (tmp_path / "final" / "file").read_bytes()
    assert ["final"] == [path.name for path in tmp_path.iterdir()]


def test_what_a_killed_copy_left_is_removed_first(tmp_path: Path) -> None:
    """A staged folder is empty when somebody gets it, and gone when filling it fails."""
    (tmp_path / "staged" / "inner").mkdir(parents=True)
    (tmp_path / "staged" / "inner" / "half").write_text("")

    def fill() -> None:
        with writes.staging_folder(tmp_path / "staged") as staged:
            assert [] == list(staged.iterdir())
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fill()

    assert not (tmp_path / "staged").exists()


def replace_a_file(folder: Path) -> None:
    """Replace a file."""
    writes.replace_file(folder / "file", b"new")


def create_a_file(folder: Path) -> None:
    """Create a file under a new name."""
    writes.create_file(folder / "other", b"new")


def publish_a_folder(folder: Path) -> None:
    """Fill a folder and publish it."""
    with writes.staging_folder(folder / ".staged") as staged:
        writes.stage_file(staged / "one", [b"new"])
        writes.stage_file(staged / "two", [b"new"])
        writes.publish_folder(staged, folder / "final")


STEPS = [(os, "fsync"), (os, "link"), *((Path, name) for name in ("chmod", "replace", "rename", "unlink", "mkdir"))]
WHOLE: dict[Callable[[Path], None], dict[str, bytes]] = {
    replace_a_file: {"file": b"new"},
    create_a_file: {"file": b"old", "other": b"new"},
    publish_a_folder: {"file": b"old", "final/one": b"new", "final/two": b"new"},
}


def seen(folder: Path) -> dict[str, bytes]:
    """Return what is there for everybody: hidden names are nobody's."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith(".")}


@pytest.mark.parametrize("write", WHOLE)
def test_a_write_that_is_killed_inside_happened_or_did_not(write: Callable[[Path], None], tmp_path: Path) -> None:
    """Killed before and after each of its steps, a write shows the old or the new, and can be made again."""
    names = in_child(lambda: _count_steps(lambda: write(_fresh(tmp_path))), tmp_path)
    for number in range(len(names)):
        for when in ("before", "after"):
            folder = _fresh(tmp_path)
            in_child(lambda at=(number, when), here=folder: _kill_inside(lambda: write(here), *at), tmp_path)

            assert seen(folder) in ({"file": b"old"}, WHOLE[write]), (names[number], when)
            write(folder)
            assert WHOLE[write] == seen(folder), (names[number], when)
    assert 3 < len(names)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder / "here", ignore_errors=True)
    (folder / "here").mkdir()
    (folder / "here" / "file").write_bytes(b"old")
    return folder / "here"


def _count_steps(write: Callable[[], None]) -> list[str]:
    names: list[str] = []
    _around_steps(lambda name: names.append(name), lambda name: None)
    write()
    return names


def _kill_inside(write: Callable[[], None], number: int, when: str) -> None:
    made: list[str] = []

    def before(name: str) -> None:
        if when == "before" and len(made) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        made.append(name)

    def after(name: str) -> None:
        if when == "after" and len(made) == number + 1:
            os.kill(os.getpid(), signal.SIGKILL)

    _around_steps(before, after)
    write()


def _around_steps(before: Callable[[str], None], after: Callable[[str], None]) -> None:
    """Call something before and after each step; only in a child, because nothing is put back."""
    for owner, name in STEPS:
        function = getattr(owner, name)

        def step(*arguments: object, _function: Any = function, _name: str = name, **named: object) -> object:
            before(_name)
            result = _function(*arguments, **named)
            after(_name)
            return result

        setattr(owner, name, step)
