from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.harness.scaffold import Platform, commit_all, git, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.rehearsal


@pytest.fixture(scope="session")
def project(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has been set up and trained, as its README says."""
    project = platform.render(tmp_path_factory.mktemp("project") / "churn")
    for target in ("setup", "train"):
        done = run(project, "make", target)
        assert 0 == done.returncode, done.stdout
    return commit_all(project, "Train")


def digest(project: Path) -> str:
    """Return the digest of the package that the pipeline has made."""
    return hashlib.sha256((project / "build" / "package" / "manifest.json").read_bytes()).hexdigest()


def test_setting_up_again_needs_no_network(project: Path) -> None:
    """Not even when the environments are made anew: all comes from the cache."""
    again = run(project, "make", "setup", UV_OFFLINE="1")
    shutil.rmtree(project / ".venv")
    shutil.rmtree(project / ".stackwright")
    anew = run(project, "make", "setup", UV_OFFLINE="1")

    assert (0, 0) == (again.returncode, anew.returncode), again.stdout + anew.stdout
    assert "" == git(project, "status", "--porcelain")


def test_it_has_the_command_of_its_platform(project: Path) -> None:
    """At the revision that the project names, and apart from the project's own environment."""
    done = run(project, ".stackwright/venv/bin/stackwright", "--help")

    assert 0 == done.returncode, done.stdout
    assert not (project / ".venv" / "bin" / "stackwright").exists()


def test_continuous_integration_refuses_to_run_without_the_lock(project: Path, tmp_path: Path) -> None:
    """What CI resolved by itself would be tested by nobody."""
    shutil.copytree(project, tmp_path / "churn", ignore=shutil.ignore_patterns(".venv", ".stackwright", "uv.lock"))

    done = run(tmp_path / "churn", "make", "setup", CI="true")

    assert 2 == done.returncode
    assert "uv.lock is missing" in done.stdout


def test_the_lock_obeys_the_constraints(project: Path) -> None:
    """Every locked version is one that the template was tested with."""
    import tomllib

    lines = (project / "constraints.txt").read_text().splitlines()
    allowed = {tuple(line.split(" ; ")[0].split("==")) for line in lines}
    packages = tomllib.loads((project / "uv.lock").read_text())["package"]
    locked = {(package["name"], package["version"]) for package in packages}

    assert set() == locked - allowed - {("churn", "0.0.0")}


def test_its_own_checks_pass(project: Path) -> None:
    """Format, style, strict types and tests."""
    done = run(project, "make", "lint", "test")

    assert 0 == done.returncode, done.stdout


def test_the_same_inputs_run_no_stage(project: Path) -> None:
    """The second run has nothing to do, and records nothing."""
    again = run(project, "make", "train")

    assert 0 == again.returncode, again.stdout
    assert "Data and pipelines are up to date." in again.stdout
    assert "Running stage" not in again.stdout
    assert "" == git(project, "status", "--porcelain")


def test_another_folder_makes_the_same_package(project: Path, tmp_path: Path) -> None:
    """All stages run again in a clone: the digest is of the inputs, not of the place or the time."""
    git(tmp_path, "clone", "--quiet", str(project), "elsewhere")
    clone = tmp_path / "elsewhere"
    (clone / ".venv").symlink_to(project / ".venv")

    done = run(clone, ".venv/bin/dvc", "repro", "--force", PYTHONPATH="src")

    assert 0 == done.returncode, done.stdout
    assert 7 == done.stdout.count("Running stage")
    assert digest(project) == digest(clone)
    assert "" == git(clone, "status", "--porcelain", "dvc.lock")


def test_the_model_is_worth_releasing(project: Path) -> None:
    """It is clearly better than always giving the more frequent answer."""
    metrics = json.loads((project / "build" / "evaluate" / "metrics.json").read_text())

    assert metrics["accuracy"] > metrics["majority_share"] + 0.02
    assert metrics["roc_auc"] > 0.68
