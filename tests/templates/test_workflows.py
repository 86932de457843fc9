"""The workflows of a project: what renders is held against four checkers; each of them is shown to fire."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.harness.command import stackwright
from tests.harness.scaffold import Platform
from tests.harness.scaffold_fixtures import rendered_for
from tests.harness.shared import Shared
from tests.harness.workflows import COMMAND, RULES, Workflow, broken_rules, commands_of, need_tool

ANSWERS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "hyphens and another Python": {"project": "a-1-b2", "python_version": "3.13"},
    "texts that need quoting": {"description": '"It\'s" a 50 % \\ chance: ${{ x }} # é', "organisation": "A-1"},
}
NAMES = {"ci", "deploy", "monitor", "promote", "rollback", "train", "update"}
SETUP = ".github/actions/setup/action.yml"
RENDERED = [*(f".github/workflows/{name}.yml" for name in sorted(NAMES)), SETUP]


@pytest.fixture(scope="session")
def projects(platform: Platform, shared: Shared) -> dict[str, Path]:
    """A project for each set of answers; read them, never change them."""
    return rendered_for(ANSWERS, platform, shared, "workflows")


@pytest.fixture(params=list(ANSWERS))
def project(projects: dict[str, Path], request: pytest.FixtureRequest) -> Path:
    """Each of the projects in turn."""
    return projects[request.param]


@pytest.fixture
def copied(projects: dict[str, Path], tmp_path: Path) -> Path:
    """A project to break."""
    folder = tmp_path / "it"
    shutil.copytree(projects["defaults"], folder)
    return folder


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a checker; what it says is in `stdout`."""
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run zizmor as strictly as it can be."""
    program = Path(sys.executable).with_name("zizmor")
    return run(folder, program, "--offline", "--persona", "auditor", "--no-progress", ".")


def actionlint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run actionlint on the workflows, and on what they call."""
    return run(folder, need_tool("actionlint"), "-shellcheck=", "-pyflakes=")


def schema(folder: Path, name: str, *files: str) -> subprocess.CompletedProcess[str]:
    """Hold files against a schema that check-jsonschema brings along."""
    return run(folder, sys.executable, "-m", "check_jsonschema", "--builtin-schema", name, *files)


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Change one place of a rendered file."""
    path = folder / name
    text = path.read_text()
    assert old in text, f"{name} has no {old!r}"
    path.write_text(text.replace(old, new, 1))


def test_these_are_all(project: Path) -> None:
    """A file that no list names would be checked by nobody."""
    found = {str(path.relative_to(project)) for path in (project / ".github").rglob("*.yml")}

    assert {*RENDERED, ".github/zizmor.yml"} == found


@pytest.mark.parametrize("name", RENDERED)
def test_our_own_rules_hold(project: Path, name: str) -> None:
    """Rights, timeouts, single commands, environments, pins."""
    assert [] == broken_rules(Workflow((project / name).read_text()))


def test_zizmor_finds_nothing(project: Path) -> None:
    """Not even as an auditor, and nothing is ignored line by line."""
    done = zizmor(project)

    assert 0 == done.returncode, done.stdout
    assert "No findings to report." in done.stdout
    assert all("zizmor: ignore" not in (project / name).read_text() for name in RENDERED)


def test_actionlint_finds_nothing(project: Path) -> None:
    """Expressions, contexts, needs and outputs fit."""
    done = actionlint(project)

    assert (0, "") == (done.returncode, done.stdout)


def test_the_schemas_hold(project: Path) -> None:
    """Of workflows, of actions, and of Renovate."""
    workflows = [name for name in RENDERED if name != SETUP]
    for kind, files in (
        ("vendor.github-workflows", workflows),
        ("custom.github-workflows-require-timeout", workflows),
        ("vendor.github-actions", [SETUP]),
        ("vendor.renovate", ["renovate.json"]),
    ):
        done = schema(project, kind, *files)
        assert 0 == done.returncode, done.stdout


CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1"


@pytest.mark.parametrize(
    ("rule", "name", "old", "new"),
    [
        ("no rights on top", "deploy", "permissions: {}\n", ""),
        ("no rights on top", "deploy", "permissions: {}\n", "permissions: {contents: read}\n"),
        ("a timeout on every job", "ci", "    timeout-minutes: 45\n", ""),
        ("bash with pipefail", "ci", "    shell: bash\n", "    shell: sh\n"),
        ("one command a step", "ci", "run: make lint", "run: make lint | tee log"),
        ("one command a step", "ci", "run: make lint", "run: make lint && echo good"),
        ("one command a step", "ci", "run: make lint", "run: make lint; make test"),
        ("one command a step", "ci", "run: make lint", "run: |\n          make lint\n          make test"),
        ("one command a step", "ci", "run: make lint", "run: make $(cat targets)"),
        ("one command a step", "ci", "run: make lint", "run: curl https://example.invalid"),
        ("red is red", "ci", "run: make lint", "continue-on-error: true\n        run: make lint"),
        ("red is red", "ci", "run: make lint", "if: always()\n        run: make lint"),
        ("no expression inside run", "deploy", '--since "$BEFORE"', "--since ${{ github.event.before }}"),
        (
            "foreign text is read once",
            "rollback",
            "    env:\n      ENVIRONMENT: ",
            "    env:\n      REASON: ${{ inputs.reason }}\n      ENVIRONMENT: ",
        ),
        ("secrets in environments only", "ci", "    environment: ${{ vars.PLATFORM_ENVIRONMENT }}", "    # none"),
        ("actions pinned by commit", "ci", CHECKOUT, "actions/checkout@v7"),
        ("actions pinned by commit", "ci", " # v7.0.1", ""),
        ("no dangerous trigger", "ci", "  pull_request:\n", "  pull_request_target:\n"),
        ("checkouts keep no credential", "ci", "          persist-credentials: false\n", ""),
        ("pull requests are harmless", "ci", "runs-on: ubuntu-24.04", "runs-on: ours"),
        ("pull requests are harmless", "ci", "pull-requests: write", "contents: write"),
        ("jobs of an environment are in it", "deploy", "    environment: ${{ matrix.environment.environment }}\n", ""),
        ("jobs of an environment are in it", "deploy", "group: deploy-${{ matrix", "group: deploy${{ matrix"),
        ("jobs of an environment are in it", "deploy", "group: deploy-${{ matrix", "group: other-${{ matrix"),
        ("history is there where it is read", "ci", "fetch-depth: 0 # pins are", "fetch-depth: 1 # pins are"),
        ("history is there where it is read", "ci", "          fetch-depth: 0 # with every branch\n", ""),
    ],
)
def test_each_rule_fires(copied: Path, rule: str, name: str, old: str, new: str) -> None:
    """On one careless line."""
    path = f".github/workflows/{name}.yml"
    edit(copied, path, old, new)

    assert rule in {said.split(": ")[0] for said in broken_rules(Workflow((copied / path).read_text()))}


def test_each_rule_has_an_example_that_makes_it_fire() -> None:
    """A rule that was never seen red may be none."""
    (cases,) = (mark.args[1] for mark in test_each_rule_fires.pytestmark)  # pyright: ignore[reportFunctionMemberAccess]

    assert set(RULES) == {case[0] for case in cases}


def test_the_other_checkers_fire(copied: Path) -> None:
    """Each of them finds what only it knows."""
    workflow = ".github/workflows/deploy.yml"
    edit(copied, workflow, "needs: environments", "needs: environment")
    assert "needs job" in actionlint(copied).stdout
    edit(copied, workflow, '--since "$BEFORE"', "--since ${{ github.event.head_commit.message }}")
    assert "template-injection" in zizmor(copied).stdout
    edit(copied, workflow, "timeout-minutes", "timeout-minuets")
    assert 0 != schema(copied, "vendor.github-workflows", workflow).returncode
    edit(copied, SETUP, "runs:", "ruins:")
    assert 0 != schema(copied, "vendor.github-actions", SETUP).returncode
    edit(copied, "renovate.json", '"extends"', '"extents"')
    edit(copied, "renovate.json", '"14 days"', "14")
    assert 0 != schema(copied, "vendor.renovate", "renovate.json").returncode


def all_commands(project: Path) -> list[str]:
    """Return what all steps run."""
    return [command for name in RENDERED for command in commands_of(Workflow((project / name).read_text()))]


def test_the_command_line_knows_every_command(projects: dict[str, Path]) -> None:
    """With every option that a step gives: it would refuse another one, also beside `--help`."""
    lines = [shlex.split(line) for line in all_commands(projects["defaults"])]
    asked = [words for program, *words in lines if program == COMMAND]

    assert [] == [words for words in asked if stackwright(*words, "--help").code]
    assert 2 == stackwright(*asked[0], "--no-such-option", "--help").code


def test_the_makefile_has_every_target(projects: dict[str, Path]) -> None:
    """`make` would say so, too, but in the night."""
    makefile = (projects["defaults"] / "Makefile").read_text()
    targets = {
        word for rule in re.findall(r"^([a-z-]+(?: [a-z-]+)*):", makefile, re.MULTILINE) for word in rule.split()
    }
    asked = {shlex.split(line)[1] for line in all_commands(projects["defaults"]) if line.startswith("make ")}

    assert {"lint", "test", "smoke"} <= asked <= targets


def test_a_preview_compares_with_the_branch_that_was_fetched(projects: dict[str, Path]) -> None:
    """The event names the commit that the branch had when the pull request was opened."""
    ci = yaml.safe_load((projects["defaults"] / ".github" / "workflows" / "ci.yml").read_text())
    (compare,) = (step for step in ci["jobs"]["preview"]["steps"] if " ci preview " in step.get("run", ""))

    assert {"BASE": "origin/${{ github.event.pull_request.base.ref }}"} == compare["env"]


def test_only_jobs_of_an_environment_can_sign_in(projects: dict[str, Path]) -> None:
    """Jobs of pull requests cannot, and none has a key."""
    texts = {name: (projects["defaults"] / name).read_text() for name in RENDERED}
    stored = {secret for text in texts.values() for secret in re.findall(r"secrets\.(\w+)", text)}

    assert {"PLATFORM_TOKEN"} == stored
    assert "id-token" not in texts[".github/workflows/ci.yml"]


def test_an_environment_is_deployed_to_by_one_job_at_a_time(projects: dict[str, Path]) -> None:
    """Deployments share a group with rollbacks in an emergency, which wait for none of them."""
    jobs = {
        name: yaml.safe_load((projects["defaults"] / ".github" / "workflows" / f"{name}.yml").read_text())["jobs"]
        for name in ("deploy", "rollback")
    }
    deploy, rollback = jobs["deploy"]["deploy"]["concurrency"], jobs["rollback"]["rollback"]["concurrency"]

    assert {"group": "deploy-${{ matrix.environment.environment }}", "cancel-in-progress": False} == deploy
    assert (
        "${{ inputs.emergency && 'deploy' || 'rollback' }}-${{ matrix.environment.environment }}" == rollback["group"]
    )
    assert "${{ inputs.emergency }}" == rollback["cancel-in-progress"]


def test_lines_are_of_a_readable_length(project: Path) -> None:
    """And nothing trails."""
    for name in RENDERED:
        for line in (project / name).read_text().splitlines():
            assert len(line) <= 120, f"{name}: {line}"
            assert line == line.rstrip(), f"{name}: {line}"


def test_renovate_waits_and_pins(projects: dict[str, Path]) -> None:
    """A release is two weeks old before anybody runs it, and is named by what it is."""
    settings = json.loads((projects["defaults"] / "renovate.json").read_text())

    assert {"helpers:pinGitHubActionDigests", "docker:pinDigests"} <= set(settings["extends"])
    assert "14 days" == settings["minimumReleaseAge"]


def test_the_readme_names_every_workflow_and_what_starts_it(projects: dict[str, Path]) -> None:
    """Who looks for a schedule or a button finds it in one table."""
    readme = (projects["defaults"] / "README.md").read_text()
    rows = {
        row.split(" | ")[0].strip("| "): row.split(" | ")[1] for row in readme.splitlines() if row.count(" | ") == 2
    }
    words = {"schedule": "every", "pull_request": "pull request", "push": "changes on `main`"}

    for name in NAMES:
        document = Workflow((projects["defaults"] / ".github" / "workflows" / f"{name}.yml").read_text()).document
        assert document["name"] in rows
        assert all(word in rows[document["name"]] for trigger, word in words.items() if trigger in document["on"])
