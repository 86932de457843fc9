"""The documents do what they say."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.harness.page import run_block
from tests.harness.project import Toy

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def blocks(page: Path) -> list[tuple[str, str]]:
    """Return the shell blocks of a page, each with the word behind `sh`."""
    return re.findall(r"^```sh ?(.*?)\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def test_the_release_page_works_as_written(toy: Toy) -> None:
    """Every command of docs/releasing.md runs, in order; before the rollback there is a second release."""
    toy.build(wrong_every=10)
    first = [script for word, script in blocks(ROOT / "docs" / "releasing.md") if not word]
    rollback = [script for word, script in blocks(ROOT / "docs" / "releasing.md") if word]
    said = [run_block(script, toy.root) for script in first]
    assert 3 == said[-1].count("  serving\n")
    toy.build(wrong_every=20)
    again = [run_block(script, toy.root) for script in first + rollback]
    assert "prod now serves release 1" in again[-1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the repository names one that exists."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    assert [] == [target for target in targets if not (page.parent / target).exists()]


def test_every_make_target_of_the_documents_exists() -> None:
    """A `make` command in a document is a target of the Makefile, here or in the template."""
    names = ("Makefile", "tools/tools.mk", "templates/project/Makefile.jinja")
    makefiles = "\n".join((ROOT / name).read_text() for name in names)
    targets = set(re.findall(r"^([a-z-]+):", makefiles, flags=re.MULTILINE))
    named = {
        word
        for page in PAGES
        for line in re.findall(r"(?:^\$ |`)make ([a-z -]+)", page.read_text(), flags=re.MULTILINE)
        for word in line.split()
    }
    assert set() == named - targets


def test_nothing_in_the_repository_names_a_registry_host_or_a_machine() -> None:
    """Pins hold no address of a package registry, and nothing holds the path of a machine."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    hosts = re.compile(r"(pypi\.org|files\.pythonhosted|registry\.npmjs|proxy\.golang)")
    named = [name for name in files if name.endswith(".txt") and hosts.search((ROOT / name).read_text())]
    assert [] == named
