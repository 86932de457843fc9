"""Retraining: asked for at least once, done at most once, and not all the time."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.delivery import retraining
from pipelines.delivery.due import Attempt, accepted, decide
from tests.harness.github_delivery import APP, READER

if TYPE_CHECKING:
    from tests.pipelines.delivery.conftest import Job

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


def attempt(hours: float = 0, key: str | None = None, run: str | None = None, *, asked: bool = False) -> Attempt:
    """Return a retraining some hours after noon."""
    return Attempt(time=NOON + timedelta(hours=hours), key=key, run=run, asked=asked, where="#1")


CASES: dict[str, tuple[Attempt, list[Attempt], bool, str]] = {
    "the first": (attempt(key="a"), [], True, "`a` asks for it"),
    "a schedule": (attempt(), [], True, "its schedule asks for it"),
    "the same key": (
        attempt(1, "a"), [attempt(0, "a")], False, "`a` was answered at 2026-11-21 12:00 UTC (#1)",
    ),
    "the same key long after": (
        attempt(240, "a"), [attempt(0, "a")], False, "`a` was answered at 2026-11-21 12:00 UTC (#1)",
    ),
    "another key too soon": (
        attempt(23.9, "b"), [attempt(0, "a")], False,
        "retrained at 2026-11-21 12:00 UTC (#1); cools down until 2026-11-22 12:00 UTC",
    ),
    "another key after the cool-down": (attempt(24, "b"), [attempt(0, "a")], True, "`b` asks for it"),
    "a person during the cool-down": (attempt(1, asked=True), [attempt()], True, "a person asks for it"),
    "the same run again": (
        attempt(1, "a", "7"), [attempt(0, "a", "7")], True, "this run has claimed it before and is run again",
    ),
    "a later one does not count": (attempt(0, "a"), [attempt(1, "a")], True, "`a` asks for it"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_decision_has_a_reason(name: str) -> None:
    """Each case: a request, what was made before, and what is said."""
    request, made, due, reason = CASES[name]

    said = decide(request, made, DAY)

    assert (due, reason) == (said.due, said.reason)


@st.composite
def attempts(draw: st.DrawFn) -> list[Attempt]:
    """Draw claims in their order."""
    hours = sorted(draw(st.lists(st.integers(0, 100), max_size=12)))
    keys, runs = st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, "1", "2", "3"])
    return [attempt(hour, draw(keys), draw(runs), asked=draw(st.booleans())) for hour in hours]


claims = attempts()


@given(claims)
def test_whoever_replays_the_claims_agrees(found: list[Attempt]) -> None:
    """What holds does not depend on later claims, and no key is answered by two runs."""
    holding = accepted(found, [], DAY)

    for number in range(len(found)):
        before = accepted(found[:number], [], DAY)
        assert before == holding[: len(before)]
    for item in holding:
        same = {other.run for other in holding if other.key == item.key is not None and not other.asked}
        assert len(same) <= 1


@given(claims)
def test_between_two_that_nobody_asked_for_it_cools_down(found: list[Attempt]) -> None:
    """Only persons, and runs that are run again, come sooner."""
    holding = accepted(found, [], DAY)

    for number, (first, second) in enumerate(itertools.pairwise(holding), 1):
        earlier = {(item.run, item.key) for item in holding[:number]}
        again = second.run is not None and (second.run, second.key) in earlier
        assert second.asked or again or second.time - first.time >= DAY


def ask(job: Job, *words: object, run: int = 4711) -> dict[str, str]:
    """Ask whether a model is due, and return the outputs."""
    job.run_number(run)
    done = job.ci("due", *words)
    assert (0, "") == (done.code, done.err)
    return job.outputs


@pytest.fixture
def alarm(job: Job, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A job that an alarm has started, with the host's clock."""
    job.act_as(APP)
    monkeypatch.setattr(retraining, "_now", lambda: job.host.now)
    dispatched(job, key="drift/prod/toy/1")
    return job


def dispatched(job: Job, model: str = "toy", **payload: Any) -> None:
    """Be started by an event from outside."""
    job.event("repository_dispatch", action="retrain", client_payload={"model": model, **payload})


def test_an_alarm_that_comes_twice_retrains_once(alarm: Job) -> None:
    """The second event is told who was first; re-running the first run goes on."""
    first = ask(alarm, run=1)
    alarm.host.later(minutes=5)
    second = ask(alarm, run=2)
    again = ask(alarm, run=1)

    assert {"due": "true", "models": '["toy"]', "key": "drift/prod/toy/1"} == first
    assert {"due": "false", "models": "[]", "key": "drift/prod/toy/1"} == second
    assert "true" == again["due"]


def test_after_a_retraining_it_cools_down(alarm: Job) -> None:
    """Another finding within a day waits; the next day it does not."""
    ask(alarm, run=1)
    dispatched(alarm, key="drift/prod/toy/2")
    alarm.host.later(hours=2)
    assert "false" == ask(alarm, run=2)["due"]
    assert "cools down until 2026-11-22 12:00 UTC" in alarm.ci("due", "--look").out
    assert "true" == ask(alarm, "--cool-down-hours", "1", run=3)["due"]
    alarm.host.later(hours=24)
    dispatched(alarm, key="drift/prod/toy/3")

    assert "true" == ask(alarm, run=4)["due"]


def test_a_failed_retraining_counts(alarm: Job) -> None:
    """What was claimed and came to nothing is not tried again at once: no pull request is needed to know."""
    ask(alarm, run=1)

    assert {} == alarm.host.pulls
    assert "false" == ask(alarm, run=2)["due"]


def test_a_person_is_not_made_to_wait(alarm: Job) -> None:
    """By hand it is always due, and then the schedule waits."""
    ask(alarm, run=1)
    alarm.event("workflow_dispatch", inputs={"model": ""})
    by_hand = ask(alarm, run=2)
    alarm.event("schedule", schedule="0 4 * * 1")

    assert ("true", "false") == (by_hand["due"], ask(alarm, run=3)["due"])


def test_of_two_claims_at_once_the_later_one_yields(alarm: Job) -> None:
    """Both looked and saw nothing; the order of the claims decides, and the loser says so."""

    def somebody_else() -> None:
        alarm.run_number(2)
        assert "true" == ask(alarm, run=2)["due"]
        alarm.run_number(1)

    alarm.host.before.append(("POST .*/issues/[0-9]+/comments", somebody_else))

    lost = ask(alarm, run=1)

    assert "false" == lost["due"]
    assert ["Yields"] == [note["body"][:6] for note in alarm.host.notes if "stackwright" not in note["body"]]


def test_a_closed_pull_request_is_remembered_where_issues_are_off(alarm: Job) -> None:
    """Then the pull requests of the pin tell, those that were closed too; one from a fork does not."""
    alarm.host.issues_off = True
    marker = {"proposes": "pin", "subject": "x", "key": "drift/prod/toy/1", "run": "1"}
    head = {
        "ref": "stackwright/pin/dev/toy",
        "label": "acme:stackwright/pin/dev/toy",
        "repo": {"full_name": "mallory/churn"},
    }
    alarm.host.pulls[1] = {
        "number": 1, "title": "x", "body": f"<!-- stackwright: {json.dumps(marker)} -->\n", "state": "closed",
        "merged_at": None, "head": head, "html_url": "x", "user": {"login": "acme[bot]", "type": "Bot"},
        "created_at": "2026-11-21T11:00:00Z",
    }  # fmt: skip
    from_a_fork = ask(alarm, run=2)
    alarm.host.pulls[1]["head"] = head | {"repo": {"full_name": "Acme/churn"}}

    assert ("true", "false") == (from_a_fork["due"], ask(alarm, run=2)["due"])


def test_comments_of_people_claim_nothing(alarm: Job) -> None:
    """Whoever may comment cannot keep a model from being retrained."""
    assert "true" == ask(alarm, run=1)["due"]
    mine = alarm.host.notes[-1]
    mine["user"] = {"login": "mallory", "type": "User"}

    assert "true" == ask(alarm, run=2)["due"]


def test_looking_claims_nothing(alarm: Job) -> None:
    """`--look` decides and leaves no trace."""
    alarm.ci("due", "--look")

    assert [] == alarm.host.changes()


def test_other_models_are_not_meant(alarm: Job) -> None:
    """An event is about one model; asked about it alone, or about all."""
    settings = alarm.toy.project.settings.models["toy"].model_dump(mode="json")
    alarm.toy.edit(".stackwright.yaml", models={"toy": settings, "other": settings})

    assert '["toy"]' == ask(alarm, run=1)["models"]
    assert "other: not due: the event is about toy" in alarm.ci("due", "--look", "--model", "other").out


def test_without_the_right_to_comment_it_is_said(alarm: Job) -> None:
    """A claim that cannot be made is no claim: the job fails and names the permission."""
    alarm.act_as(READER)

    done = alarm.ci("due")

    assert 1 == done.code
    assert "the token may not do this" in done.err


EVENTS: dict[str, tuple[dict[str, Any], str]] = {
    "another event": ({"action": "reboot"}, "event.action: `reboot`: not an event of this workflow; use retrain"),
    "no payload": ({"action": "retrain"}, "event.client_payload: "),
    "a model that is none": (
        {"action": "retrain", "client_payload": {"model": "$(id)", "key": "a"}},
        "event.client_payload: model: `$(id)`: ",
    ),
    "a model of others": (
        {"action": "retrain", "client_payload": {"model": "other", "key": "a"}},
        ".stackwright.yaml: models: no `other`; choose one of toy",
    ),
    "a key of two lines": (
        {"action": "retrain", "client_payload": {"model": "toy", "key": "a\n::add-mask::b"}},
        "event.client_payload: key: `a\\n::add-mask::b`: ",
    ),
    "a long key": (
        {"action": "retrain", "client_payload": {"model": "toy", "key": "a" * 10_000}},
        "event.client_payload: key: `aaa",
    ),
    "another field": (
        {"action": "retrain", "client_payload": {"model": "toy", "key": "a", "shell": "x"}},
        "event.client_payload: shell: unknown field",
    ),
    "an environment that climbs": (
        {"action": "retrain", "client_payload": {"model": "toy", "key": "a", "environment": "../../etc"}},
        "event.client_payload: environment: `../../etc`: ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EVENTS)
def test_a_malformed_event_is_refused(name: str, job: Job) -> None:
    """Nothing of it reaches the host, and what is said of it is one line without orders to the runner."""
    content, told = EVENTS[name]
    job.event("repository_dispatch", **content)

    done = job.ci("due")

    assert 1 == done.code
    assert done.err.startswith(told)
    assert 1 == len(done.problems)
    assert len(done.err) < 600
    assert [] == job.host.calls
    assert {} == job.outputs


def test_another_reason_to_run_is_no_reason_to_retrain(job: Job) -> None:
    """A workflow that somebody made listen to pull requests retrains nothing."""
    job.event("pull_request", inputs={})

    done = job.ci("due")

    told = "GITHUB_EVENT_NAME: `pull_request`: no reason to retrain; choose one of "
    assert [f"{told}repository_dispatch, schedule, workflow_dispatch"] == done.problems


@given(st.dictionaries(st.sampled_from(["model", "key", "reason", "environment"]), st.text(max_size=40)))
def test_whatever_a_payload_says_it_is_read_or_refused(payload: dict[str, str]) -> None:
    """No text makes the reader fail in another way; what is read has no sign that means something elsewhere."""
    from components.errors import UserError
    from pipelines.delivery.request import Payload
    from stacks.load import validate

    try:
        read = validate(payload, Payload, "event")
    except UserError:
        return
    assert not set("\n\r$`;&|<> \"'") & set(read.model + read.key + (read.environment or ""))
