"""From what the host has started to the event that its workflows get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.act.triggers import Event
from tests.harness.scaffold import git

if TYPE_CHECKING:
    from tests.harness.github_delivery import Github, Run


def event_of(github: Github, tip: str, started: Run) -> Event:
    """Return the event, when the default branch is at `tip`."""
    if started.event == "push":
        return _of_push(github, started.about)
    if started.event == "repository_dispatch":
        said = started.about
        payload = {"action": said["event_type"], "client_payload": said["client_payload"]}
        return Event(started.event, payload, tip)
    return _of_pull_request(github, tip, started.about)


def _of_push(github: Github, commit: str) -> Event:
    before = git(github.bare, "rev-parse", f"{commit}^1")
    changed = git(github.bare, "diff", "--name-only", before, commit).splitlines()
    payload = {"ref": "refs/heads/main", "before": before, "after": commit}
    return Event("push", payload, commit, changed=tuple(changed))


def _of_pull_request(github: Github, base: str, number: int) -> Event:
    """Return the event of a pull request; its jobs see what a merge would make."""
    pull = github._pull(number)
    head = pull["head"]["sha"]
    tree = git(github.bare, "merge-tree", "--write-tree", base, head).split()[0]
    merged = git(github.bare, "commit-tree", tree, "-p", base, "-p", head, "-m", f"Merge {head} into {base}")
    git(github.bare, "update-ref", f"refs/pull/{number}/merge", merged)
    said = {
        "number": number,
        "title": pull["title"],
        "head": {"ref": pull["head"]["ref"], "sha": head, "repo": pull["head"]["repo"]},
        "base": {"ref": "main", "sha": base, "repo": {"full_name": github.name}},
        "user": pull["user"],
    }
    payload = {"action": "opened", "number": number, "pull_request": said}
    return Event("pull_request", payload, merged, f"refs/pull/{number}/merge")
