"""The platform's own workflows, held against what a project's are held against, and what is theirs alone."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.platform_delivery.applying import STARTS
from tests.harness.command import stackwright
from tests.harness.workflows import ROOT, Job, Workflow, broken_rules, commands_of, need_tool

NAMES = ("apply", "ci", "drift", "plan", "release")
COMMAND = ".venv/bin/stackwright"
SETUP = ".github/actions/setup/action.yml"
FILES = [*(f".github/workflows/{name}.yml" for name in NAMES), SETUP]
BY_BRANCH = "jobs of an environment are in it: drift: acts for an environment, and does not name it"
"""The role that looks trusts jobs of the default branch: a job of an environment may wait for somebody's approval."""


def workflow(name: str) -> Workflow:
    """Return one of the workflows."""
    return Workflow((ROOT / ".github" / "workflows" / f"{name}.yml").read_text(), command=COMMAND)


def job(name: str, of: str) -> Job:
    """Return one job of a workflow."""
    (found,) = [item for item in workflow(of).jobs if item.name == name]
    return found


def check(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a checker; what it says is in `stdout`."""
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with nothing but the workflows."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def test_these_are_all() -> None:
    """A file that no list names would be checked by nobody."""
    found = {str(path.relative_to(ROOT)) for path in (ROOT / ".github").rglob("*.yml")}

    assert {*FILES, ".github/zizmor.yml"} == found


@pytest.mark.parametrize("path", FILES)
def test_our_own_rules_hold(path: str) -> None:
    """Rights, timeouts, single commands, environments, pins; one job is known by its branch instead."""
    expected = [BY_BRANCH] if path.endswith("drift.yml") else []

    assert expected == broken_rules(Workflow((ROOT / path).read_text(), command=COMMAND))


def test_the_other_checkers_find_nothing(copy: Path) -> None:
    """Of zizmor as an auditor, actionlint, and the schemas; nothing is ignored line by line."""
    program = Path(sys.executable).with_name("zizmor")
    audit = check(copy, program, "--offline", "--persona", "auditor", "--no-progress", ".")
    lint = check(copy, need_tool("actionlint"), "-shellcheck=", "-pyflakes=")

    assert (0, True) == (audit.returncode, "No findings to report." in audit.stdout), audit.stdout
    assert (0, "") == (lint.returncode, lint.stdout)
    assert all("zizmor: ignore" not in (copy / path).read_text() for path in FILES)
    for schema, files in (
        ("vendor.github-workflows", FILES[:-1]),
        ("custom.github-workflows-require-timeout", FILES[:-1]),
        ("vendor.github-actions", [SETUP]),
    ):
        done = check(copy, sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *files)
        assert 0 == done.returncode, done.stdout


def test_the_command_line_and_the_makefiles_know_every_command() -> None:
    """With every option that a step gives; values stand in for variables."""
    makefiles = (ROOT / "Makefile").read_text() + (ROOT / "tools" / "tools.mk").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefiles, re.MULTILINE))
    found = [line for path in FILES for line in commands_of(Workflow((ROOT / path).read_text(), command=COMMAND))]
    for line in found:
        program, *words = shlex.split(re.sub(r"\$[A-Z]+", "1", line))
        if program == "make":
            assert set(words) <= targets
        else:
            assert 0 == stackwright(*words, "--help").code, line
    assert {"make ci", "make dist", "make pulumi", "make setup"} <= set(found)


def test_an_option_that_nobody_knows_would_be_found() -> None:
    """Help is shown only where the words before it can be read."""
    assert 2 == stackwright("ci", "platform", "plan", "--nobody-knows", "--help").code


def test_a_pull_request_signs_in_nowhere() -> None:
    """It is planned offline: no identity, no engine, no right to write but one comment."""
    (plan,) = workflow("plan").jobs

    assert {"contents": "read", "pull-requests": "write"} == plan.permissions
    assert "environment" not in plan.document
    assert all("engine" not in step.get("with", {}) and "role" not in step.get("with", {}) for step in plan.steps)


def test_the_comment_comes_before_the_verdict() -> None:
    """A pull request that is blocked says why; one from a fork has it in the summary."""
    (plan,) = workflow("plan").jobs
    planned, shown, verdict = plan.runs

    assert ["plan", "comment", "verdict"] == [
        next(word for word in run.split() if word in {"plan", "comment", "verdict"})
        for run in (planned, shown, verdict)
    ]
    (comment,) = [step for step in plan.steps if step.get("run") == shown]
    assert "github.event.pull_request.head.repo.full_name == github.repository" in comment["if"]
    assert all("GITHUB_TOKEN" not in step.get("env", {}) for step in plan.steps if step is not comment)


def test_tiers_are_applied_in_order() -> None:
    """A tier waits for all before it, and one that failed, was cancelled or refused stops those behind it."""
    needs = {name: job(name, "apply").document["needs"] for name in ("dev", "staging", "prod")}

    assert {
        "dev": "environments",
        "staging": ["environments", "dev"],
        "prod": ["environments", "dev", "staging"],
    } == needs
    for name in ("staging", "prod"):
        condition = job(name, "apply").document["if"]
        for part in ("!cancelled()", "!contains(needs.*.result, 'failure')", "!contains(needs.*.result, 'cancelled')"):
            assert part in condition
        assert f"needs.environments.outputs.{name} != '[]'" in condition


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_an_environment_is_applied_by_one_approved_job_at_a_time(name: str) -> None:
    """On its own runners, by its own identity, with the preview first; nothing that runs is cancelled."""
    found = job(name, "apply")
    document, setup = found.document, found.steps[1]["with"]

    assert {"group": "apply-${{ matrix.environment.environment }}", "cancel-in-progress": "false"} == (
        document["concurrency"]
    )
    assert "${{ matrix.environment.environment }}" == document["environment"]
    assert "${{ matrix.environment.runs_on }}" == document["runs-on"]
    assert "${{ matrix.environment.apply_role }}" == setup["role"]
    assert "${{ matrix.environment.account }}" == setup["account"]
    assert {"contents": "read", "id-token": "write"} == found.permissions
    assert ["plan", "preview", "apply"] == [
        next(word for word in run.split() if word in {"plan", "preview", "apply"}) for run in found.runs
    ]
    assert "steps.preview.outputs.plans != '[]'" == found.steps[-1]["if"]


def test_what_starts_applying_is_what_a_run_is_overtaken_by() -> None:
    """Else a run would leave its work to another one that never starts."""
    paths = workflow("apply").document["on"]["push"]["paths"]

    assert set(STARTS) == {path.removesuffix("/**") for path in paths}


def test_the_role_is_taken_when_everything_is_built() -> None:
    """No build, and nothing that it downloads, runs with the rights of an environment."""
    action = Workflow((ROOT / SETUP).read_text(), command=COMMAND)
    (steps,) = [found.steps for found in action.jobs]

    assert ["aws-actions/configure-aws-credentials"] == [
        step["uses"].partition("@")[0] for step in steps[-1:] if "uses" in step
    ]


def test_looking_for_drift_needs_nobody() -> None:
    """On a schedule, by the role that only looks."""
    found = job("drift", "drift")

    assert "schedule" in workflow("drift").triggers
    assert "environment" not in found.document
    assert "${{ matrix.environment.preview_role }}" == found.steps[1]["with"]["role"]
    assert {"contents": "read", "id-token": "write", "issues": "write"} == found.permissions


def test_nothing_is_stored_at_the_host() -> None:
    """No secret, no variable, no key."""
    for path in FILES:
        assert not re.findall(r"(?:secrets|vars)\.\w+", (ROOT / path).read_text())


def test_only_a_tag_makes_a_release_and_only_after_all_checks() -> None:
    """With nothing from a cache, and one job that may write."""
    found = workflow("release")

    assert {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]} == found.document["on"]["push"]
    assert {"push"} == found.triggers
    assert "check" == job("release", "release").document["needs"]
    assert {"contents": "read"} == job("check", "release").permissions
    assert ["make ci"] == job("check", "release").runs
