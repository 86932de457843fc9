from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.harness.scaffold import git, run

pytestmark = pytest.mark.rehearsal


@pytest.fixture
def project(trained_project: Path) -> Path:
    """A project that has been set up and trained, as its README says; other tests read it, too."""
    return trained_project


def digest(project: Path) -> str:
    """Return the digest of the package that the pipeline has made."""
    return hashlib.sha256((project / "build" / "package" / "manifest.json").read_bytes()).hexdigest()


def test_setting_up_again_needs_no_network(project: Path, tmp_path: Path) -> None:
    """Not even when the environments are made anew, as in another clone: all comes from the cache."""
    again = run(project, "make", "setup", UV_OFFLINE="1")
    git(tmp_path, "clone", "--quiet", str(project), "clone")
    anew = run(tmp_path / "clone", "make", "setup", UV_OFFLINE="1")

    assert (0, 0) == (again.returncode, anew.returncode), again.stdout + anew.stdout
    assert ["", ""] == [git(folder, "status", "--porcelain") for folder in (project, tmp_path / "clone")]


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
    """Format, style and strict types; the rehearsal runs its tests."""
    done = run(project, "make", "lint")

    assert 0 == done.returncode, done.stdout


def test_the_same_inputs_run_no_stage(project: Path) -> None:
    """The second run has nothing to do, and records nothing."""
    again = run(project, "make", "train")

    assert 0 == again.returncode, again.stdout
    assert "Data and pipelines are up to date." in again.stdout
    assert "Running stage" not in again.stdout
    assert "" == git(project, "status", "--porcelain")


@pytest.mark.slow
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


@pytest.fixture
def clone(project: Path, tmp_path: Path) -> Path:
    """The trained project in a folder of its own, without what the pipeline made."""
    git(tmp_path, "clone", "--quiet", str(project), "clone")
    clone = tmp_path / "clone"
    for name in (".venv", ".stackwright"):
        (clone / name).symlink_to(project / name)
    for name in ("uv.lock", "pyproject.toml"):
        os.utime(clone / name, (0, 0))
    return clone


def test_a_small_run_goes_from_end_to_end_and_changes_nothing(clone: Path) -> None:
    """All seven stages and the scoring command; the lock and the folders of the real pipeline are untouched."""
    before = git(clone, "status", "--porcelain")

    done = run(clone, "make", "smoke")

    assert 0 == done.returncode, done.stdout
    assert 7 == done.stdout.count("Running stage")
    assert before == git(clone, "status", "--porcelain")
    assert not (clone / "build").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "broken"), [("train.py", "import nothing_like_it\n"), ("score.py", "raise SystemExit(3)\n")]
)
def test_a_small_run_is_red_when_a_step_is(clone: Path, name: str, broken: str) -> None:
    """Of the pipeline, and of what the gate will call."""
    path = clone / "src" / "churn" / name
    path.write_text(path.read_text() + broken)

    done = run(clone, "make", "smoke")

    assert 2 == done.returncode, done.stdout


@pytest.mark.slow
def test_the_rows_of_the_gate_are_made_again_exactly(project: Path, clone: Path, tmp_path: Path) -> None:
    """Where the environment's remote does not have them; the same rows, or it is red."""
    stackwright = ".stackwright/venv/bin/stackwright"
    assert 0 == run(clone, stackwright, "contract", "local", str(tmp_path / "environments")).returncode
    rows = Path("data") / "split" / "test.parquet"

    done = run(clone, "make", "rows", "ENV=staging")
    made = (clone / rows).read_bytes()
    params = clone / "params.yaml"
    (clone / "uv.lock").write_text((clone / "uv.lock").read_text() + "# Renovate was here.\n")
    os.utime(clone / "uv.lock", (0, 0))
    same = run(clone, "make", "rows", "ENV=staging")
    params.write_text(params.read_text().replace("test_share: 0.3", "test_share: 0.2"))
    others = run(clone, "make", "rows", "ENV=staging")

    assert 0 == done.returncode, done.stdout
    assert (project / rows).read_bytes() == made
    assert 0 == same.returncode, same.stdout
    assert 2 == others.returncode
    assert "data/split/test.parquet: not the rows of dvc.lock" in others.stdout


def test_the_list_of_libraries_is_whole_and_reproducible(project: Path, clone: Path) -> None:
    """CycloneDX, twice the same bytes, with every locked package that is installed; the digests are of these files."""
    found: list[bytes] = []
    for _ in range(2):
        done = run(clone, "make", "sbom")
        assert 0 == done.returncode, done.stdout
        found.append((clone / "build" / "sbom.json").read_bytes())
    sbom = json.loads(found[0])
    supply = json.loads((clone / "build" / "supply.json").read_text())

    assert found[0] == found[1]
    assert ("CycloneDX", "1.6") == (sbom["bomFormat"], sbom["specVersion"])
    assert {"dvc", "mlflow", "scikit-learn"} <= {component["name"] for component in sbom["components"]}
    lock = (clone / "uv.lock").read_bytes()
    assert [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in (lock, found[0])] == [
        supply["lock"],
        supply["sbom"],
    ]
