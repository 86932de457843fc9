"""Proposals while others are at work: nothing of theirs is lost, and what they did is told."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from pipelines.delivery.branch import commit_files
from tests.harness.github_delivery import APP, Answer
from tests.harness.proposing import BRANCH, PIN, WORDS, propose

if TYPE_CHECKING:
    from tests.pipelines.delivery.conftest import Job


@pytest.mark.parametrize(
    ("what", "status", "told"),
    [
        ("merge", "merged", "it was merged meanwhile; nothing else is opened"),
        ("close", "declined", "it was closed meanwhile"),
    ],
)
def test_what_people_did_meanwhile_is_told(what: str, status: str, told: str, promoted: Job) -> None:
    """A pull request that was merged or closed while this job worked is left as it is."""
    promoted.act_as(APP)
    propose(promoted)
    promoted.run_number(4712)
    promoted.host.before.append(("PATCH .*/pulls/1", lambda: getattr(promoted.host, what)(1)))

    done = propose(promoted)

    assert status == promoted.outputs["status"]
    assert told in done.out
    assert [1] == list(promoted.host.pulls)


def test_of_two_jobs_that_open_at_once_one_updates(promoted: Job) -> None:
    """The host says that one is open already: it is found, and updated."""
    promoted.act_as(APP)
    taken = Answer(422, {"message": "Validation Failed", "errors": [{"message": "A pull request already exists"}]})
    words = {"head": BRANCH, "base": "main", "title": "theirs", "body": "theirs"}

    def first() -> None:
        promoted.host._open_pull(promoted.host.tokens[APP], {}, words)  # pyright: ignore[reportPrivateUsage]

    promoted.host.before.append(("POST .*/pulls", first))
    promoted.host.faults.append(("POST .*/pulls", taken))

    propose(promoted)

    assert "updated" == promoted.outputs["status"]
    assert ["Promote toy 2 to staging"] == [pull["title"] for pull in promoted.host.pulls.values()]


def test_a_branch_that_moved_meanwhile_is_not_overwritten(promoted: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The push is on condition that the branch is where it was seen; the loser is told."""
    promoted.act_as(APP)
    propose(promoted)
    theirs = promoted.toy.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "theirs")
    (promoted.root / PIN).write_text((promoted.root / PIN).read_text() + "# another\n")

    def slowly(*words: Any) -> str:
        promoted.toy.git("push", "-qf", "origin", f"{theirs}:refs/heads/{BRANCH}")
        return commit_files(*words)

    monkeypatch.setattr("pipelines.delivery.propose.commit_files", slowly)
    done = promoted.ci(*WORDS)

    told = f"{BRANCH}: moved meanwhile: another job proposes, too; run this again to propose on top"
    assert (4, [told]) == (done.code, done.problems)
    assert theirs == promoted.host.head_of(BRANCH)


def test_commits_of_people_on_the_branch_are_kept(promoted: Job) -> None:
    """Somebody who helped on the branch does not lose the work."""
    promoted.act_as(APP)
    propose(promoted)
    clone = promoted.folder / "clone"
    subprocess.run(["git", "clone", "-qb", BRANCH, str(promoted.host.bare), str(clone)], check=True)
    person = ["-c", "user.name=P", "-c", "user.email=p@example.org"]
    subprocess.run(["git", "-C", str(clone), *person, "commit", "-q", "--allow-empty", "-m", "help"], check=True)
    subprocess.run(["git", "-C", str(clone), "push", "-q"], check=True)
    there = promoted.host.head_of(BRANCH)
    (promoted.root / PIN).write_text((promoted.root / PIN).read_text() + "# another\n")

    done = promoted.ci(*WORDS)

    told = f"{BRANCH}: holds commits of somebody else; merge its pull request or delete the branch, then run this again"
    assert (4, [told]) == (done.code, done.problems)
    assert there == promoted.host.head_of(BRANCH)


def test_a_pin_that_moved_meanwhile_is_not_undone(promoted: Job) -> None:
    """The default branch pins something else since this job began: nothing is pushed."""
    promoted.act_as(APP)
    other = promoted.toy.clone(promoted.folder / "other")
    other.edit(PIN, commit="f" * 40)
    other.commit("pin by hand")
    other.git("push", "-q", "origin", "main")

    done = promoted.ci(*WORDS)

    told = f"{PIN}: changed on the default branch since this job began; run it again, on what is there now"
    assert (4, [told]) == (done.code, done.problems)
    assert promoted.host.head_of(BRANCH) is None
    assert "changed on the default branch" in promoted.summary.replace("&#46;", ".").replace("&#58;", ":")


def test_a_tip_that_moved_elsewhere_does_not_matter(promoted: Job) -> None:
    """Other files changed on the default branch: the proposal is made on where the job began."""
    promoted.act_as(APP)
    other = promoted.toy.clone(promoted.folder / "other")
    (other.root / "README.md").write_text("hello")
    other.commit("a page")
    other.git("push", "-q", "origin", "main")

    propose(promoted)

    assert "opened" == promoted.outputs["status"]
