"""One issue for each finding: opened, refreshed, closed when it is gone, and left alone when a person said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipelines.delivery.job import run_link
from pipelines.delivery.kinds import known_key
from pipelines.delivery.markdown import block, page
from pipelines.delivery.marker import Finding, marked, read, without_marker
from pipelines.delivery.report import Report
from pipelines.delivery.texts import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.hosts.base import Host, Issue

Step = Literal["opened", "reopened", "updated", "unchanged", "declined"]
TITLE = 200


def keep(host: Host, key: str, title: str | None, file: Path | None) -> Report:
    """Make the issue of a finding say what is found now."""
    known_key(key)
    found = issue_of(host.issues(), key)
    name = plain_title(title) or (found.title if found else key)
    body = marked(Finding(finding=key), page(block(read_text(file)) if file else "It was found again.", _seen()))
    step = decide(found, name, body)
    if found is None:
        return _report("opened", key, host.open_issue(name, body))
    if step in {"unchanged", "declined"}:
        return _report(step, key, found)
    return _report(step, key, host.edit_issue(found.number, state="open", title=name, body=body))


def resolve(host: Host, key: str) -> Report:
    """Close the issue of a finding that is gone."""
    known_key(key)
    found = issue_of(host.issues(), key)
    if found is None or found.state == "closed":
        return _report("nothing", key, None)
    host.add_comment(found.number, page("This is not found any more.", _seen()))
    return _report("closed", key, host.edit_issue(found.number, state="closed"))


def issue_of(issues: Sequence[Issue], key: str) -> Issue | None:
    """Return the issue of a finding: an open one first, else the newest; of two at once, the older."""
    found = [issue for issue in issues if read(issue.body, Finding) == Finding(finding=key)]
    is_open = [issue for issue in found if issue.state == "open"]
    return is_open[0] if is_open else found[-1] if found else None


def decide(found: Issue | None, title: str, body: str) -> Step:
    """Say what is to be done about a finding that is there."""
    if found is None:
        return "opened"
    if found.state == "closed":
        return "declined" if found.declined else "reopened"
    same = found.title == title and _lasting(found.body) == _lasting(body)
    return "unchanged" if same else "updated"


def plain_title(title: str | None) -> str:
    """Return foreign text as a title: one line, of which the host makes no more than text."""
    words = " ".join((title or "").split())
    return "".join(sign for sign in words if sign.isprintable())[:TITLE]


def _lasting(body: str) -> str:
    """Return what a text says beside the run that wrote it."""
    lines = without_marker(body.replace("\r\n", "\n")).rstrip().splitlines()
    return "\n".join(line for line in lines if not line.startswith("Seen by "))


def _seen() -> str | None:
    link = run_link()
    return f"Seen by {link}." if link else None


def _report(status: str, key: str, issue: Issue | None) -> Report:
    told = {
        "declined": "a person closed it as nothing to be done; open it again to hear of it",
        "nothing": "there is no open issue to close",
    }.get(status, status)
    number, url = (str(issue.number), issue.url) if issue else ("", "")
    line = f"{key}: {told}{f': {url}' if url else ''}"
    return Report(command="issue", lines=[line], outputs={"status": status, "issue": number, "url": url})
