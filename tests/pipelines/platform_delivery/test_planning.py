"""What a pull request would do to every stack, offline, in one comment."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from components.errors import UserError
from pipelines.plan.record import save_graph
from pipelines.plan.stacks import plan_environment
from pipelines.platform_delivery.base import Base
from pipelines.platform_delivery.places import ENVIRONMENTS, Stack
from pipelines.platform_delivery.plan_page import LISTED, plan_page
from pipelines.platform_delivery.plans import Planned, Plans
from tests.harness.github_delivery import READER
from tests.harness.scaffold import commit_all, git
from tests.harness.workflows import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pipelines.platform_delivery.conftest import Repository

DEV = "stacks/environment/Pulumi.dev.yaml"
BEFORE = """\
import shutil, sys
shutil.copy("graph.json", sys.argv[sys.argv.index("--save") + 1])
"""
"""The command as it was at the base: it has a graph of its own."""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graph of the example of dev."""
    path = tmp_path_factory.mktemp("graph") / "dev.json"
    save_graph(plan_environment(ROOT / "stacks" / "examples" / "aws", "dev").graph, path)
    return path


def begin(repository: Repository, command: str, graph: Path | None = None) -> None:
    """Let the default branch have a command of its own, and be on a branch beside it."""
    (repository.root / "pipelines").mkdir()
    (repository.root / "pipelines" / "__init__.py").touch()
    (repository.root / "pipelines" / "cli.py").write_text(command)
    if graph:
        shutil.copy(graph, repository.root / "graph.json")
    repository.organise("dev")
    git(repository.root, "checkout", "--quiet", "-b", "change")


def show(repository: Repository, number: int = 7) -> str:
    """Comment on a pull request, and return what became of it."""
    done = repository.ci("comment", "--file", "build/plan/plan.md", "--pull-request", number)
    assert (0, "") == (done.code, done.err)
    return repository.outputs["status"]


def test_without_stack_files_nothing_is_planned_and_nothing_shown(repository: Repository) -> None:
    """A fresh clone is green, and its summary says what to do."""
    done = repository.ci("platform", "plan", "--base", "main")

    assert (0, {"organised": "false", "blocked": "false"}) == (done.code, repository.outputs)
    assert "stackwright init" in repository.summary
    assert not (repository.root / "build").exists()


def test_a_pull_request_shows_what_it_changes(repository: Repository, graph: Path) -> None:
    """Both sides are planned, each by its own code; the comment is refreshed, not repeated."""
    begin(repository, BEFORE, graph)
    repository.edit(DEV, "instance_types: [m7i.xlarge]", "instance_types: [m7i.2xlarge]")
    git(repository.root, "rm", "--quiet", "stacks/project/Pulumi.churn-dev.yaml")
    commit_all(repository.root, "Change")

    done = repository.ci("platform", "plan", "--base", "origin/main")

    assert (0, "") == (done.code, done.err)
    first, *changes = done.out.splitlines()
    assert first.startswith(f"{DEV}: ")
    assert "NodeGroup" in "".join(changes)
    assert "stacks/project/Pulumi.churn-dev.yaml: its file goes, and nothing that it made" in done.out
    assert {"organised": "true", "blocked": "false"} == repository.outputs
    assert ["opened", "unchanged"] == [show(repository), show(repository)]
    assert "NodeGroup" in repository.host.notes[0]["body"]
    assert repository.summary == ""
    assert 0 == repository.ci("platform", "verdict").code


def test_what_cannot_be_planned_blocks_and_is_shown(repository: Repository) -> None:
    """The job goes on until the comment says so, and ends red."""
    begin(repository, "raise SystemExit(1)")
    git(repository.root, "rm", "--quiet", "stacks/project/Pulumi.churn-dev.yaml")
    repository.edit(DEV, "tier: dev", "tier: best")

    done = repository.ci("platform", "plan", "--base", "main")
    assert (0, "true") == (done.code, repository.outputs["blocked"])
    assert "opened" == show(repository)
    told = repository.ci("platform", "verdict")

    assert 4 == told.code
    assert told.out.startswith(f"{DEV}: {DEV}: tier: ")
    assert "**yes**" in repository.host.notes[0]["body"]


def test_a_base_that_cannot_be_planned_says_why(repository: Repository, tmp_path: Path) -> None:
    """Its own code makes its graph; where that cannot be, nothing is compared, and the page says so."""
    begin(repository, "raise SystemExit('no such option: --save')")
    base = Base.at(repository.root, "main", tmp_path / "base")

    with pytest.raises(UserError, match=f"{DEV}: cannot be planned at [0-9a-f]{{12}}: no such option: --save"):
        base.graph(Stack(ENVIRONMENTS, "dev", "dev"))
    assert base.graph(Stack(ENVIRONMENTS, "staging", "staging")) is None
    assert "no such option" in plan_page(Plans(stacks=(Planned(stack=DEV, note="no such option"),)))


def test_the_token_of_a_fork_shows_it_in_the_summary_only(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may not write; the job is green, and the plan is where the job is looked at."""
    monkeypatch.setenv("GITHUB_TOKEN", READER)
    repository.organise("dev", projects=False, there=False)
    repository.edit(DEV, "tier: dev", "tier: best")
    repository.ci("platform", "plan")

    assert "What a merge would do to the platform" in repository.summary
    assert "denied" == show(repository)
    assert [] == repository.host.notes


@pytest.mark.parametrize("base", ["--output=/tmp/x", "nowhere"])
def test_a_base_that_is_none_is_an_error(repository: Repository, base: str) -> None:
    """And no option of git."""
    repository.organise("dev", projects=False)

    done = repository.ci("platform", "plan", f"--base={base}")

    assert 1 == done.code
    assert done.err.startswith("--base: ")


def test_foreign_text_is_shown_and_nothing_else() -> None:
    """Names of resources come from files of a pull request."""
    text = "create x </code><img src=x> @everybody | `tick`\n::set-output name=x::y"
    shown = plan_page(Plans(stacks=(Planned(stack="stacks/x.yaml", changes=(text,), blocked=(text,)),)))

    assert "<img" not in shown
    assert "@everybody" not in shown
    assert not any(line.startswith("::") for line in shown.splitlines())


def test_a_long_plan_keeps_its_table() -> None:
    """What does not fit is left out of the end."""
    long = tuple(f"create aws:s3/bucket:Bucket {'x' * 200}-{number}" for number in range(500))
    stacks = tuple(Planned(stack=f"stack-{number}", resources=500, changes=long) for number in range(20))
    shown = plan_page(Plans(stacks=stacks))

    assert len(shown) < 65_536
    assert all(f"stack&#45;{number}</code> | 500" in shown for number in range(20))
    assert f"and {500 - LISTED} more" in shown
