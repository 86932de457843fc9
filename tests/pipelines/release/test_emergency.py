"""A rollback that is deployed before it is merged: nothing else may be, and nothing puts it back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pipelines.release.emergency import TRAILER, rollback_branch
from pipelines.release.rollback import rollback
from tests.harness.command import Outcome, stackwright
from tests.harness.project import Toy

PIN, REFUSED = "promotions/staging/toy.yaml", "promotions/refused.yaml"
BRANCH = rollback_branch("staging", "toy")


@pytest.fixture
def bad(forward: Toy, tmp_path: Path) -> Toy:
    """Release 2 is pinned and served in staging; its rollback lies committed on a branch at the remote."""
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(forward.root), str(bare)], check=True)
    forward.git("remote", "add", "origin", str(bare))
    assert 0 == deploy(forward).code
    forward.git("checkout", "-qb", "work")
    rollback(forward.project, "staging", "toy", "it lies")
    push(forward)
    return forward


def push(toy: Toy, message: str = f"roll back\n\n{TRAILER}") -> str:
    """Commit the working tree and push it as the branch of the rollback."""
    commit = toy.commit(message).tip
    toy.git("push", "-qf", "origin", f"HEAD:refs/heads/{BRANCH}")
    return commit


def deploy(toy: Toy, *words: object) -> Outcome:
    """Deploy to staging."""
    return stackwright("deploy", "--env", "staging", "--project", toy.root, *words)


def digest(toy: Toy, environment: str) -> object:
    """Return what an environment pins at the tip of the default branch."""
    return yaml.safe_load(toy.git("show", f"origin/main:promotions/{environment}/toy.yaml"))["digest"]


@pytest.mark.parametrize("by", ["branch", "commit"])
def test_a_rollback_is_deployed_from_its_branch(by: str, bad: Toy) -> None:
    """The release before serves at once; the default branch is as it was."""
    ref = BRANCH if by == "branch" else bad.git("rev-parse", "HEAD")

    done = deploy(bad, "--ref", ref)

    assert (0, "") == (done.code, done.err)
    assert digest(bad, "prod") == bad.serving("staging") != digest(bad, "staging")


def test_nothing_puts_the_bad_one_back_before_the_merge(bad: Toy) -> None:
    """A deploy of the tip is held back, and says until when; after the merge it is level with it."""
    deploy(bad, "--ref", BRANCH)

    held = deploy(bad)

    told = (
        f"{PIN}: held back: an emergency rolled staging back to release 1 ({str(digest(bad, 'prod'))[:19]}); merge the "
        f"pull request of {BRANCH}, or close it and delete the branch"
    )
    assert (4, [told]) == (held.code, held.problems)
    bad.git("push", "-q", "origin", "HEAD:main")
    merged = deploy(bad)
    assert (0, "") == (merged.code, merged.err)
    assert digest(bad, "prod") == bad.serving("staging")


def test_closing_it_lets_the_tip_be_deployed_again(bad: Toy) -> None:
    """Without the branch there is no emergency."""
    deploy(bad, "--ref", BRANCH)
    bad.git("push", "-q", "origin", f":{BRANCH}")

    assert 0 == deploy(bad).code
    assert digest(bad, "staging") == bad.serving("staging")


def test_a_rollback_that_is_only_proposed_holds_nothing_back(bad: Toy) -> None:
    """Without the line that says so, the branch is a pull request like others."""
    bad.git("commit", "-q", "--amend", "-m", "roll back")
    bad.git("push", "-qf", "origin", f"HEAD:{BRANCH}")

    assert 0 == deploy(bad).code


def code(toy: Toy) -> str:
    """Change code, too."""
    (toy.root / "evil.py").write_text("")
    return f"evil.py: not part of a rollback; only {PIN} and {REFUSED} may change"


def another_environment(toy: Toy) -> str:
    """Change the pin of production, too."""
    toy.edit("promotions/prod/toy.yaml", release=9)
    return f"promotions/prod/toy.yaml: not part of a rollback; only {PIN} and {REFUSED} may change"


def a_digest_never_held(toy: Toy) -> str:
    """Pin what staging never held."""
    toy.edit(PIN, digest=f"sha256:{'a' * 64}", release=3)
    return f"{PIN}: digest: staging has never held release 3 (sha256:{'a' * 12}) like this; merge it as a promotion"


def another_evidence(toy: Toy) -> str:
    """Pin the old digest with words that the old pin did not have."""
    pin = yaml.safe_load((toy.root / PIN).read_text())
    toy.edit(PIN, commit="f" * 40)
    return f"{PIN}: digest: staging has never held release 1 ({pin['digest'][:19]}) like this; merge it as a promotion"


def no_refusal(toy: Toy) -> str:
    """Leave the bad digest unrefused."""
    bad = str(digest(toy, "staging"))[:19]
    toy.edit(REFUSED, refused=[])
    return f"{REFUSED}: {bad} of toy is not refused in staging; use `rollback`"


def no_pin(toy: Toy) -> str:
    """Remove the pin."""
    (toy.root / PIN).unlink()
    return f"{PIN}: not another pin than that of the default branch; nothing to roll back"


def the_same_pin(toy: Toy) -> str:
    """Roll back to what is there."""
    toy.git("checkout", "origin/main", "--", PIN)
    return f"{PIN}: not another pin than that of the default branch; nothing to roll back"


@pytest.mark.parametrize(
    "change",
    [code, another_environment, a_digest_never_held, another_evidence, no_refusal, no_pin, the_same_pin],
    ids=lambda change: change.__name__,
)
def test_what_is_no_rollback_is_not_deployed_from_a_branch(change: Callable[[Toy], str], bad: Toy) -> None:
    """It blocks with the reason, the server stays, and such a branch holds no deploy back."""
    told = change(bad)
    push(bad)

    done = deploy(bad, "--ref", BRANCH)

    assert (4, [told]) == (done.code, done.problems)
    assert digest(bad, "staging") == bad.serving("staging")
    assert 0 == deploy(bad).code


def test_a_pin_that_moved_since_is_not_undone(bad: Toy) -> None:
    """Another pin was merged after the rollback was prepared."""
    other = bad.clone(bad.root.parent / "other")
    other.edit(PIN, commit="f" * 40)
    other.commit("pin")
    other.git("push", "-q", "origin", "main")

    done = deploy(bad, "--ref", BRANCH)

    told = f"{PIN}: changed on the default branch since this rollback was prepared; prepare it again"
    assert (4, [told]) == (done.code, done.problems)


def test_what_was_refused_meanwhile_is_not_lifted(bad: Toy) -> None:
    """Somebody refused the earlier digest, too: it is not deployed."""
    other = bad.clone(bad.root.parent / "other")
    good = str(digest(bad, "prod"))
    line = {"model": "toy", "digest": good, "environment": "staging", "reason": "it lies, too"}
    other.edit(REFUSED, refused=[line])
    other.commit("refuse")
    other.git("push", "-q", "origin", "main")

    done = deploy(bad, "--ref", BRANCH)

    assert (4, [f"{REFUSED}: {good[:19]} of toy is refused on the default branch"]) == (done.code, done.problems)


@pytest.mark.parametrize("ref", ["no-such-branch", "--output=x", "$(reboot)"])
def test_a_ref_that_is_none_is_refused(ref: str, bad: Toy) -> None:
    """It is the name of a branch or a commit, and no option."""
    done = deploy(bad, f"--ref={ref}")

    assert (1, [f"--ref: `{ref}` is no branch at the remote, and no commit"]) == (done.code, done.problems)
