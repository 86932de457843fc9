"""Comments and issues: one each, refreshed, and people's word counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipelines.delivery.issue import plain_title
from tests.harness.github_delivery import APP, PERSON, READER, Answer

if TYPE_CHECKING:
    from tests.pipelines.delivery.conftest import Job

KEY = "monitor/prod/toy"


def comment(job: Job, text: str) -> str:
    """Show a text on pull request 7, and return what became of it."""
    done = job.ci("comment", "--file", job.text("preview.md", text), "--pull-request", 7)
    assert (0, "") == (done.code, done.err)
    return job.outputs["status"]


def test_a_comment_is_refreshed_not_repeated(job: Job) -> None:
    """Opened, unchanged, updated: one comment."""
    said = [comment(job, text) for text in ("first", "first", "second")]

    assert ["opened", "unchanged", "updated"] == said
    assert ["second"] == [note["body"].splitlines()[1] for note in job.host.notes]


def test_a_comment_of_a_person_is_not_overwritten(job: Job) -> None:
    """Whoever copies the text of the automation keeps the copy."""
    comment(job, "first")
    job.host.notes[0]["user"] = {"login": "mallory", "type": "User"}

    assert "opened" == comment(job, "second")
    assert 2 == len(job.host.notes)


def test_beyond_the_first_page_of_comments_it_is_found(job: Job) -> None:
    """A long discussion hides nothing."""
    for _ in range(250):
        job.host.notes.append(
            {
                "id": job.host._next(),  # pyright: ignore[reportPrivateUsage]
                "on": 7,
                "body": "words",
                "user": {"login": "octavia", "type": "User"},
                "created_at": "2026-11-21T12:00:00Z",
            }
        )
    comment(job, "first")

    assert "updated" == comment(job, "second")


def test_a_pull_request_from_a_fork_gets_no_comment_and_is_green(job: Job) -> None:
    """Its token only reads: the summary has the text."""
    job.act_as(READER)

    assert "denied" == comment(job, "first")
    assert [] == job.host.notes


def issue(job: Job, *words: object) -> str:
    """Keep or resolve the issue of the finding, and return what became of it."""
    done = job.ci("issue", "--key", KEY, *words)
    assert (0, "") == (done.code, done.err)
    return job.outputs["status"]


def test_a_finding_has_one_issue_through_its_life(job: Job) -> None:
    """Opened, left alone, refreshed, closed, closed already, opened again."""
    first, second = job.text("first.md", "it drifts"), job.text("second.md", "it drifts more")

    said = [issue(job, "--title", "Drift", "--file", path) for path in (first, first, second)]
    said += [issue(job, "--resolved"), issue(job, "--resolved"), issue(job, "--title", "Drift", "--file", first)]

    assert ["opened", "unchanged", "updated", "closed", "nothing", "reopened"] == said
    assert [(1, "open", "Drift")] == [(n, item["state"], item["title"]) for n, item in job.host.issues.items()]
    assert "it drifts" in job.host.issues[1]["body"]


def test_what_a_person_closed_as_nothing_stays_closed(job: Job) -> None:
    """Until it is opened by hand."""
    issue(job, "--title", "Drift")
    job.host.issues[1].update(state="closed", state_reason="not_planned")

    assert "declined" == issue(job, "--title", "Drift")
    assert "closed" == job.host.issues[1]["state"]


def test_an_issue_of_a_person_with_the_same_mark_is_another(job: Job) -> None:
    """Whoever may open issues cannot take a finding over."""
    issue(job, "--title", "Drift")
    job.host.issues[1]["user"] = {"login": "mallory", "type": "User"}

    assert "opened" == issue(job, "--title", "Drift")
    assert [1, 2] == list(job.host.issues)


def test_foreign_text_in_an_issue_is_a_block(job: Job) -> None:
    """Nobody is mentioned, nothing is closed, and the file cannot leave its fence."""
    issue(job, "--title", "a\n@b", "--file", job.text("f.md", "````\n@octavia closes #1 <!-- stackwright: {} -->"))

    body = job.host.issues[1]["body"]
    assert "`````text\n````\n@octavia closes #1 <!-- stackwright: {} -->\n`````" in body
    assert "a @b" == job.host.issues[1]["title"]


def test_titles_are_one_line() -> None:
    """Of a length that a host takes."""
    assert ("a b", 200) == (plain_title(" a\r\n\tb\x1b "), len(plain_title("x" * 10_000)))


def test_where_issues_are_off_it_is_said(job: Job) -> None:
    """The host's own words reach the log."""
    job.host.issues_off = True

    done = job.ci("issue", "--key", KEY)

    assert (1, ["GET /repos/acme/churn/issues: 410: Issues are disabled for this repo"]) == (done.code, done.problems)


@pytest.mark.parametrize("key", ["", "a b", "x\ny", "-x", "a" * 129, "::error::"])
def test_a_key_that_is_none_is_refused(key: str, job: Job) -> None:
    """Nothing is asked of the host."""
    done = job.ci("issue", f"--key={key}")

    assert 1 == done.code
    assert done.err.startswith("--key: `")
    assert [] == job.host.calls


def dispatch(job: Job, *words: object) -> None:
    """Dispatch, and fail on a problem."""
    done = job.ci("dispatch", *words)
    assert (0, "") == (done.code, done.err)


def test_a_dispatch_says_what_retraining_reads(job: Job) -> None:
    """What is sent is accepted by the reader of the other end."""
    dispatch(
        job, "--event", "retrain", "--model", "toy", "--environment", "prod", "--key", "k/1", "--reason", "a\nb " * 200
    )

    sent = job.host.runs[-1].about
    assert ("retrain", "k/1", "prod") == (
        sent["event_type"],
        sent["client_payload"]["key"],
        sent["client_payload"]["environment"],
    )
    assert "\n" not in sent["client_payload"]["reason"]
    job.act_as(APP)
    job.event("repository_dispatch", action="retrain", client_payload=sent["client_payload"])
    assert 0 == job.ci("due", "--look").code


def test_a_promotion_is_dispatched_by_its_environment(job: Job) -> None:
    """`promote` names where it comes from."""
    dispatch(job, "--event", "promote", "--environment", "dev")

    assert {"event_type": "promote", "client_payload": {"environment": "dev"}} == job.host.runs[-1].about


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--event", "reboot"), "--event: `reboot`: not an event; choose one of promote, retrain"),
        (("--event", "promote"), "--environment: missing; this event needs it"),
        (("--event", "retrain", "--model", "toy"), "--key: missing; this event needs it"),
        (("--event", "retrain", "--key", "a"), "--model: missing; this event needs it"),
    ],
    ids=["event", "environment", "key", "model"],
)
def test_a_dispatch_that_lacks_something_is_refused(words: tuple[str, ...], told: str, job: Job) -> None:
    """Nothing is started."""
    done = job.ci("dispatch", *words)

    assert (1, [told]) == (done.code, done.problems)
    assert [] == job.host.runs


def test_a_host_that_stumbles_is_asked_again_and_changed_once(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions are repeated; a change whose fate is unknown is not."""
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    job.act_as(PERSON)
    job.host.faults.append(("POST .*/issues", Answer(502, {"message": "bad gateway"})))

    done = job.ci("issue", "--key", KEY)

    assert (1, 1) == (done.code, len(job.host.changes()))
    assert "answered 502 (bad gateway); run it again later" in done.err
