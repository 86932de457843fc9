"""The page of delivery says what the workflow files do, and its commands run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.documents import contract_document
from tests.harness.github_settings import ADMINISTRATOR, Settings, github_settings
from tests.harness.scaffold import commit_all
from tests.test_docs import ROOT, blocks

PAGE = ROOT / "docs" / "delivery.md"
WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
TRIGGERS = {
    "pull_request": "pull request",
    "merge_group": "merge queue",
    "push": "a merge",
    "workflow_dispatch": "by hand",
    "repository_dispatch": ("an alert", "Deploy"),
}


@pytest.fixture(scope="module")
def files(rendered: Path) -> dict[str, Any]:
    """The workflow files of a project, by name."""
    found = sorted((rendered / ".github" / "workflows").glob("*.yml"))
    return {path.name: yaml.load(path.read_text(), yaml.BaseLoader) for path in found}


@pytest.fixture
def shell(rendered: Path, tmp_path: Path) -> Callable[..., str]:
    """Runs a block of the page as a person would, in a project that is connected to three environments."""
    project, bin_ = tmp_path / "churn", tmp_path / "bin"
    shutil.copytree(rendered, project)
    (project / "stack").mkdir(exist_ok=True)
    for name in ("dev", "staging", "prod"):
        (project / "stack" / f"{name}.json").write_text(json.dumps(contract_document(name, project="churn"), indent=1))
    commit_all(project, "Connect")
    bin_.mkdir()
    (bin_ / "gh").write_text(f'#!/bin/sh\nfor word in "$@"; do printf "%s\\0" "$word"; done >>{tmp_path}/asked\n')
    (bin_ / "gh").chmod(0o755)
    path = os.pathsep.join([str(bin_), str(Path(sys.executable).parent), os.environ["PATH"]])

    def run(script: str, **more: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=project,
            env={**os.environ, "PATH": path, **more},
            capture_output=True,
            text=True,
        )
        assert 0 == done.returncode, done.stdout + done.stderr
        return (tmp_path / "asked").read_text() if (tmp_path / "asked").exists() else done.stdout

    return run


def script(word: str) -> list[str]:
    """Return the blocks of the page that have a word."""
    return [text for found, text in blocks(PAGE) if found == word]


def test_every_block_is_run_by_a_test() -> None:
    """A block with a word that nobody knows would be run by nobody."""
    assert {"settings", "gh"} == {word for word, _ in blocks(PAGE)}


def test_the_settings_are_made_as_written(shell: Callable[..., str]) -> None:
    """The second command finds what the first one made."""
    settings = Settings(name="Acme/churn")
    with github_settings(settings) as host:
        [block] = script("settings")
        done = shell(block, GITHUB_TOKEN=ADMINISTRATOR, GITHUB_API_URL=host.url, GITHUB_REPOSITORY="Acme/churn")

    assert "nothing to change" in done
    assert [] == settings.strange
    assert {"dev", "staging", "prod"} <= set(settings.environments)


@pytest.mark.parametrize("number", [0, 1])
def test_a_rollback_is_started_by_inputs_that_there_are(
    number: int, shell: Callable[..., str], files: dict[str, Any]
) -> None:
    """All that is required is given, and nothing that is not asked for."""
    words = shell(script("gh")[number]).split("\0")
    inputs = files["rollback.yml"]["on"]["workflow_dispatch"]["inputs"]
    given = [word.partition("=")[0] for before, word in pairwise(words) if before == "-f"]

    assert ["workflow", "run", "rollback.yml"] == words[:3]
    assert {name for name, asked in inputs.items() if asked.get("required") == "true"} <= set(given) <= set(inputs)


def test_the_table_says_when_each_workflow_starts(files: dict[str, Any]) -> None:
    """Every file, with what starts it, and the minutes of its schedule."""
    rows = dict(re.findall(r"^\| `([a-z]+\.yml)` \| (.*?) \|", PAGE.read_text(), flags=re.MULTILINE))

    assert set(files) == set(rows)
    for name, workflow in files.items():
        crons = [each["cron"] for each in workflow["on"].get("schedule", [])]
        assert crons == re.findall(r"`([\d*/ ]+ [\d*/ ]+)`", rows[name])
        for event in set(workflow["on"]) - {"schedule"}:
            said = TRIGGERS[event]
            assert any(word in rows[name] for word in ([said] if isinstance(said, str) else said)), (name, event)


def test_the_steps_are_counted() -> None:
    """The list, the sentence above it and the row of the table say the same; so does the page that it links."""
    text = PAGE.read_text()
    numbered = [int(number) for number in re.findall(r"^([0-9]+)\. ", text, flags=re.MULTILINE)]
    said = re.search(r"\*\*(\w+) steps by hand\*\*", text)
    row = re.search(r"^\| stackwright, in AWS \| (\d+) \| (\d+) \| (\d+) \|", text, flags=re.MULTILINE)
    before = (ROOT / "docs" / "from-nothing-to-prod.md").read_text().partition("\n## A project\n")[0]

    assert said is not None
    assert row is not None
    assert list(range(1, WORDS.index(said[1]) + 2)) == numbered
    assert [len(re.findall(r"^[0-9]+\. ", before, flags=re.MULTILINE)), len(numbered)] == [int(row[1]), int(row[2])]
    assert re.search(rf"\[{WORDS[int(row[1]) - 1]} steps\]", text)


def test_no_workflow_reads_a_secret_but_that_of_a_private_platform(rendered: Path) -> None:
    """As the table says: none is stored, unless the platform's repository is private."""
    texts = [path.read_text() for path in (rendered / ".github").rglob("*.yml")]

    assert {"PLATFORM_TOKEN"} == {name for text in texts for name in re.findall(r"secrets\.(\w+)", text)}
