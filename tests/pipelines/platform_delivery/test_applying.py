"""Applying: a real preview first, and then exactly that; nothing when the branch has other stacks by now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from components.errors import UserError
from pipelines.platform_delivery.applying import STARTS, apply, engine_of, preview
from pipelines.platform_delivery.engine import Outcome, Step
from tests.harness.scaffold import git
from tests.pipelines.platform_delivery.conftest import Recording

if TYPE_CHECKING:
    from tests.pipelines.platform_delivery.conftest import Repository

PLANS = Path("build/plans")
BUCKET = Step("update", "aws:s3/bucket:Bucket", "artifacts", ("tags",))


@pytest.fixture
def dev(repository: Repository) -> Repository:
    """A platform with dev, and one project in it."""
    repository.organise("dev")
    return repository


def test_the_environment_comes_first_then_its_projects(dev: Repository) -> None:
    """Every stack is previewed before the first one is changed."""
    engine = Recording({"dev", "churn-dev"}, {"dev": Outcome([BUCKET])})
    shown = preview(dev.root, engine, "dev", PLANS)
    done = apply(dev.root, engine, "dev", PLANS)

    assert ["preview dev", "preview churn-dev", "up dev", "up churn-dev"] == [
        line for line in engine.asked if not line.startswith("list")
    ]
    assert {"plans": '["dev", "churn-dev"]'} == shown.outputs
    assert ["dev: 1 would change", f"  {BUCKET.line}", "churn-dev: nothing would change"] == shown.lines
    assert ["dev: 1 changed", f"  {BUCKET.line}", "churn-dev: nothing changed"] == done.lines
    assert "artifacts" in shown.summary


def test_the_first_failure_ends_it(dev: Repository) -> None:
    """The projects of an environment that could not be applied stay as they are."""

    class Failing(Recording):
        def _answer(self, what: str, stack: object) -> Outcome:
            super()._answer(what, stack)  # type: ignore[arg-type]
            if what == "up":
                raise UserError("dev: pulumi: access denied")
            return Outcome()

    engine = Failing({"dev", "churn-dev"})
    preview(dev.root, engine, "dev", PLANS)

    with pytest.raises(UserError, match="access denied"):
        apply(dev.root, engine, "dev", PLANS)
    assert "up churn-dev" not in engine.asked


def test_without_a_plan_nothing_is_applied(dev: Repository) -> None:
    """A preview comes first, whoever runs the command."""
    engine = Recording({"dev"})

    with pytest.raises(UserError, match="holds no plan of dev; run `stackwright ci platform preview` first"):
        apply(dev.root, engine, "dev", PLANS)
    assert [] == engine.asked


def test_a_stack_without_a_state_is_told_how_to_get_one(dev: Repository) -> None:
    """A project's is left out; an environment's own stops the job."""
    shown = preview(dev.root, Recording({"dev"}), "dev", PLANS)

    assert '["dev"]' == shown.outputs["plans"]
    assert "churn-dev: has no state yet; make it once: `pulumi stack init churn-dev` in stacks/project" in shown.lines
    with pytest.raises(UserError, match="dev: has no state yet"):
        preview(dev.root, Recording({"churn-dev"}), "dev", PLANS)


@pytest.mark.parametrize("path", [f"{STARTS[0]}/x.py", "stacks/environment/Pulumi.dev.yaml", "pyproject.toml"])
def test_a_run_that_is_overtaken_applies_nothing(dev: Repository, path: str) -> None:
    """Somebody approves it an hour later: it would undo what the later one did."""
    overtaken = git(dev.root, "rev-parse", "HEAD")
    (dev.root / path).parent.mkdir(exist_ok=True)
    (dev.root / path).write_text("later")
    later = dev.merge("Later")
    git(dev.root, "checkout", "--quiet", "--detach", overtaken)
    engine = Recording({"dev", "churn-dev"})

    shown = preview(dev.root, engine, "dev", PLANS)

    assert ({"plans": "[]"}, []) == (shown.outputs, engine.asked)
    assert [f"`main` has other stacks by now, at {later[:12]}: a later run applies those, and this one nothing"] == (
        shown.lines
    )
    assert not (dev.root / PLANS).exists()


def test_a_later_commit_that_starts_no_run_overtakes_nothing(dev: Repository) -> None:
    """Nobody else would apply it."""
    mine = git(dev.root, "rev-parse", "HEAD")
    (dev.root / "README.md").write_text("words\n")
    dev.merge("Words")
    git(dev.root, "checkout", "--quiet", "--detach", mine)

    assert '["dev", "churn-dev"]' == preview(dev.root, Recording({"dev", "churn-dev"}), "dev", PLANS).outputs["plans"]


def test_the_state_is_where_bootstrap_put_it(dev: Repository) -> None:
    """Nobody has to say so in a variable."""
    assert "s3://acme-dev-state-111111111111?region=eu-central-1" == engine_of(dev.root, "dev").backend


def test_an_environment_in_a_cluster_is_refused(repository: Repository) -> None:
    """Its state is kept by people."""
    repository.organise("dev", shape="kubernetes")

    with pytest.raises(UserError, match="dev: is in a cluster without a cloud"):
        engine_of(repository.root, "dev")


@pytest.mark.parametrize("name", ["nowhere", "../dev", "$(id)", "dev\n::set-output name=x::y"])
def test_an_environment_that_is_none_is_an_error(dev: Repository, name: str) -> None:
    """And no path, no command, no order to the runner."""
    done = dev.ci("platform", "preview", "--environment", name)

    assert 1 == done.code
    assert done.err.startswith("--environment: ")
    assert not any(line.startswith("::") for line in done.err.splitlines())
