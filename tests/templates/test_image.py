"""What a project's image is made of.

No image is built here: that needs docker. Its parts are held against each other.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.harness.dockerfile import Stage, stages


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


@pytest.mark.parametrize("words", [[], ["train"]], ids=["nothing", "another word"])
def test_the_entry_point_does_two_things(words: list[str], rendered: Path) -> None:
    """Everything else is told what to say."""
    variables = {**os.environ, "PYTHONPATH": str(rendered / "src")}
    done = subprocess.run([sys.executable, "-m", "churn", *words], env=variables, capture_output=True, text=True)

    assert (1, "say `fetch` or `serve`, and --help for what each wants\n") == (done.returncode, done.stderr)
