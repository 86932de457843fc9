"""`make new-flavor`, on a copy of the tree: what it writes keeps every rule, and what it refuses changes nothing."""

from __future__ import annotations

import hashlib
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COPIED = ("benchmarks", "components", "pipelines", "stacks", "tests", "tools")
MADE = ("__pycache__", "*.pyc", "bin")


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a flavor is written into: the packages, and the settings of the tools."""
    folder = tmp_path_factory.mktemp("platform")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*MADE))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def tree(original: Path, tmp_path: Path) -> Path:
    """A copy of its own for each test."""
    return shutil.copytree(original, tmp_path / "platform")


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a module of Python in a tree."""
    environment = os.environ | {"PYTHONPATH": str(tree), "RUFF_NO_CACHE": "true"}
    return subprocess.run([sys.executable, *command], cwd=tree, env=environment, capture_output=True, text=True)


def content(tree: Path) -> dict[str, str]:
    """Return a digest of each file of a tree."""
    files = [path for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(tree)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


WRITTEN = [("artifact_store", "minio"), pytest.param("secrets", "vault_kv", marks=pytest.mark.slow)]
"""A kind with a union, and one that had a single flavor until now."""


@pytest.mark.parametrize(("kind", "name"), WRITTEN)
def test_what_it_writes_keeps_every_rule(kind: str, name: str, tree: Path) -> None:
    """Lint, conformance, its own test and the tables of the README: all of it holds at once."""
    before = content(tree)
    done = run(tree, "tools/new_flavor.py", kind, name)
    assert 0 == done.returncode, done.stderr

    changed = {path for path, digest in content(tree).items() if before.get(path) != digest}
    modules = sorted(path for path in changed if path.endswith(".py"))
    tested = f"{name} or left_out or tested_where or fresh or no_file_of"
    suites = [f"tests/components/test_{each}.py" for each in ("conformance", "catalogue", "readmes")]
    own = [f"tests/components/{kind}/test_{name}.py", "tests/stacks/test_schemas.py"]
    checks = {
        "style": run(tree, "-m", "ruff", "check", "-q", *modules),
        "format": run(tree, "-m", "ruff", "format", "--check", "-q", *modules),
        "tests": run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", *suites, *own, "-k", tested),
    }

    assert {
        "components/catalogue.py",
        f"components/{kind}/README.md",
        f"components/{kind}/contract.py",
        f"components/{kind}/{name}.py",
        f"tests/components/{kind}/test_{name}.py",
    } == changed
    assert {} == {what: done.stdout[-3000:] + done.stderr for what, done in checks.items() if done.returncode}


@pytest.mark.slow
def test_what_it_writes_has_types(tree: Path) -> None:
    """The strict type checker accepts it."""
    assert 0 == run(tree, "tools/new_flavor.py", "artifact_store", "minio").returncode
    done = run(tree, "-m", "basedpyright", "--pythonpath", sys.executable, "components/artifact_store")

    assert 0 == done.returncode, done.stdout


REFUSED = {
    "an unknown kind": (
        ("artefact_store", "minio"),
        "KIND: `artefact_store` is no kind; did you mean `artifact_store`?",
    ),
    "a kind like no other": (("x", "minio"), "KIND: `x` is no kind; choose one of alerts, artifact_store, "),
    "a name that is taken": (("artifact_store", "s3"), "NAME: `s3` is taken in artifact_store; choose another"),
    "the name of another file": (("network", "addresses"), "NAME: `addresses` is taken in network; choose another"),
    "a name with a dash": (("network", "my-vpc"), "NAME: `my-vpc` cannot name a flavor; write it like `rds_postgres`"),
    "a word of the language": (("network", "class"), "NAME: `class` cannot name a flavor"),
    "the name of the contract": (("network", "contract"), "NAME: `contract` cannot name a flavor"),
    "both wrong": (("x", "My"), "NAME: `My` cannot name a flavor"),
    "nothing": (("", ""), "KIND: `` is no kind; choose one of"),
    "only one": (("network",), "give both: make new-flavor KIND=artifact_store NAME=minio"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_it_refuses_changes_nothing(case: str, original: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown kind, a bad name or one that is taken is one line, and no file is touched."""
    arguments, told = REFUSED[case]
    before = content(original)
    main = runpy.run_path(str(original / "tools" / "new_flavor.py"))["main"]

    assert 1 == main(list(arguments))
    assert told in capsys.readouterr().err
    assert before == content(original)


WRITES_A_README = """from pathlib import Path
Path("components/network/README.md").write_text("made")
"""
"""In the place of what makes the tables: as soon done."""


def test_a_step_that_fails_leaves_everything_as_it_was(tree: Path) -> None:
    """Where the tables cannot be made, what was written already is taken back."""
    (tree / "components" / "reference.py").write_text(WRITES_A_README)
    (tree / "stacks" / "schemas.py").write_text("raise SystemExit(3)\n")
    before = content(tree)
    done = run(tree, "tools/new_flavor.py", "artifact_store", "minio")

    assert 0 != done.returncode
    assert before == content(tree)
