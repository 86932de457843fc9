"""The tree is the architecture: who may import whom."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"components", "stacks", "pipelines"}
FORBIDDEN = {
    "components": {"stacks", "pipelines"},
    "stacks": {"pipelines"},
    "templates": OURS,
}


def imported(path: Path, *, when_run: bool = False) -> set[str]:
    """Return the top-level packages that a module imports, wherever in it; or only those it imports when it runs."""
    found = set[str]()
    tree = ast.parse(path.read_text())
    unseen = {id(inner) for node in ast.walk(tree) if when_run and for_types(node) for inner in ast.walk(node)}
    for node in (node for node in ast.walk(tree) if id(node) not in unseen):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def for_types(node: ast.AST) -> bool:
    """Return whether this is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def lines_of(path: Path) -> set[str]:
    """Return the same of a file with placeholders, which is not Python yet."""
    words = [line.split() for line in path.read_text().splitlines()]
    return {line[1].split(".")[0] for line in words if len(line) > 1 and line[0] in {"import", "from"}}


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_imports_go_one_way(folder: str) -> None:
    """Components know nothing of stacks, stacks nothing of pipelines, generated projects nothing of either."""
    modules = {path: imported(path) for path in (ROOT / folder).rglob("*.py")}
    modules |= {path: lines_of(path) for path in (ROOT / folder).rglob("*.py.jinja")}

    wrong = {str(path.relative_to(ROOT)): names & FORBIDDEN[folder] for path, names in modules.items()}

    assert modules
    assert {} == {path: names for path, names in wrong.items() if names}


def test_contracts_of_kinds_import_no_provider() -> None:
    """What a kind promises is plain data: the language, pydantic and the base, nothing else when it runs."""
    allowed = {*sys.stdlib_module_names, "pydantic", "pydantic_core", "components"}

    found = {
        path.parent.name: imported(path, when_run=True) - allowed
        for path in (ROOT / "components").glob("*/contract.py")
    }

    assert {} == {kind: names for kind, names in found.items() if names}


def test_every_package_of_ours_is_tested_where_it_lies() -> None:
    """Test folders mirror the folders they test, and every test file is collected by its name."""
    mirrored = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    outside = {"cluster", "delivery", "engine", "harness", "platform_delivery", "templates"}
    tested = [path.relative_to(ROOT / "tests") for path in mirrored - {ROOT / "tests"}]
    stray = [
        path
        for path in (ROOT / "tests").rglob("*.py")
        if "harness" not in path.parts and not path.name.startswith(("test_", "conftest", "__init__"))
    ]

    assert [] == [str(path) for path in tested if path.parts[0] not in outside and not (ROOT / path).is_dir()]
    assert [] == stray
