from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.monitor.policy import MonitorPolicy
from pipelines.project import Settings
from pipelines.release.gate import GatePolicy
from stacks.load import load
from tests.harness.scaffold import Platform, git
from tests.harness.scaffold_fixtures import rendered_for
from tests.harness.shared import Shared

ANSWERS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "one letter": {"project": "x"},
    "the longest name": {"project": "z" * 40},
    "hyphens and digits": {"project": "a-1-b2", "python_version": "3.13"},
    "a name sorted after all others": {"project": "zz-top", "python_version": "3.12"},
    "texts that need quoting": {
        "description": "\"It's\" a 50 % \\ chance: é, 😀 # <yes> & 'no'",
        "organisation": "A-1",
    },
    "many owners": {"owners": "@acme/ml-1 @bob ann@example.org"},
}


@pytest.fixture(scope="session")
def projects(platform: Platform, shared: Shared) -> dict[str, Path]:
    """A project for each set of answers."""
    return rendered_for(ANSWERS, platform, shared, "render")


@pytest.fixture(params=list(ANSWERS))
def project(projects: dict[str, Path], request: pytest.FixtureRequest) -> Path:
    """Each of the projects in turn; read it, never change it."""
    return projects[request.param]


def texts(project: Path) -> dict[str, str]:
    """Return the content of every file in a project."""
    return {path: (project / path).read_text() for path in git(project, "ls-files").splitlines()}


def test_nothing_of_the_template_is_left(project: Path) -> None:
    """No tags, no suffixes, in names and in content; `${{` is of workflows."""
    for path, text in texts(project).items():
        assert not re.search(r"(?<!\$)\{\{|\{%|\.jinja", path + text), path


def test_it_is_formatted_and_linted(project: Path) -> None:
    """Whatever the name, lines and imports come out as ruff wants them."""
    ruff = (sys.executable, "-m", "ruff")
    for arguments in (["format", "--check", "."], ["check", "."]):
        done = subprocess.run([*ruff, *arguments, "--no-cache"], cwd=project, capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout


def test_its_documents_can_be_read(project: Path) -> None:
    """YAML is YAML, TOML is TOML."""
    for path, text in texts(project).items():
        if path.endswith((".yaml", ".yml")):
            assert yaml.safe_load(text), path
    assert tomllib.loads((project / "pyproject.toml").read_text())


def test_the_command_can_read_what_is_written_for_it(project: Path) -> None:
    """Settings and policies are valid, and speak of the same model."""
    settings = load(project / ".stackwright.yaml", Settings)
    gate = load(project / "policies" / "gate.yaml", GatePolicy)
    monitor = load(project / "policies" / "monitor.yaml", MonitorPolicy)

    assert [settings.project] == list(settings.models) == list(gate.models) == list(monitor.models)


def test_a_description_survives_its_quotes(projects: dict[str, Path]) -> None:
    """What was typed is what the package says."""
    document = tomllib.loads((projects["texts that need quoting"] / "pyproject.toml").read_text())

    assert ANSWERS["texts that need quoting"]["description"] == document["project"]["description"]


def test_it_names_the_platform_and_its_full_commit(platform: Platform, rendered: Path) -> None:
    """An abbreviated commit could not be fetched."""
    settings = load(rendered / ".stackwright.yaml", Settings)

    assert (str(platform.source), platform.commit) == (settings.platform, settings.revision)
    assert re.fullmatch(r"[0-9a-f]{40}", settings.revision)


def test_the_constraints_know_every_dependency(rendered: Path) -> None:
    """What is not constrained would float."""
    document = tomllib.loads((rendered / "pyproject.toml").read_text())
    named = [
        *document["project"]["dependencies"],
        *document["project"]["optional-dependencies"]["s3"],
        *document["dependency-groups"]["dev"],
        *document["dependency-groups"]["serve"],
        *document["dependency-groups"]["sbom"],
    ]
    lines = (rendered / "constraints.txt").read_text().splitlines()

    assert set() == {_name(text) for text in named} - {_name(line) for line in lines}
    assert all(re.match(r"[a-z0-9-]+==[^ ]+( ; .+)?$", line) for line in lines)


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9-]", requirement)[0].lower()


def test_owners_guard_all_that_decides_what_runs(projects: dict[str, Path]) -> None:
    """Every rule of CODEOWNERS has all of them, but for what nobody is asked about between dev and prod."""
    lines = (projects["many owners"] / "CODEOWNERS").read_text().splitlines()
    rules = {line.split()[0]: line.split()[1:] for line in lines if not line.startswith("#")}
    guarded = ["promotions/", "policies/", "stack/", ".github/", ".stackwright.yaml", "scripts/install_platform.py"]
    free = ["/promotions/staging/", "/promotions/evidence/staging/"]

    assert [*(f"/{path}" for path in guarded), "/CODEOWNERS", *free] == list(rules)
    assert free == [path for path, owners in rules.items() if not owners]
    assert all(owners in ([], ["@acme/ml-1", "@bob", "ann@example.org"]) for owners in rules.values())


def test_nothing_that_a_project_makes_is_versioned(platform: Platform, tmp_path: Path) -> None:
    """Environments, data, models and caches are ignored; the lock is not."""
    project = platform.render(tmp_path / "churn")
    made = ["build/package/model.onnx", "data/ingested.parquet", "data/raw/new.csv", ".venv/x", ".tools/x", "mlflow.db"]
    made += [
        ".stackwright/platform/x",
        "mlruns/1/x",
        "src/churn/__pycache__/x.pyc",
        ".dvc/cache/x",
        ".dvc/config.local",
    ]
    for path in [*made, "uv.lock", "dvc.lock", "data/raw/new.csv.dvc"]:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text("x")

    status = git(project, "status", "--porcelain", "--untracked-files=all")

    assert ["data/raw/new.csv.dvc", "dvc.lock", "uv.lock"] == sorted(line[3:] for line in status.splitlines())
