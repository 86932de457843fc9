"""One comment on a pull request, refreshed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.delivery.markdown import page
from pipelines.delivery.marker import Shown, marked, read
from pipelines.delivery.report import Report
from pipelines.delivery.texts import read_text
from pipelines.hosts.base import Denied

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.hosts.base import Host

MARKER = Shown(shows="preview")


def comment(host: Host, pull_request: int, file: Path) -> Report:
    """Show a text on a pull request. Where the token may not, as on one from a fork, the summary has it."""
    body = marked(MARKER, page(read_text(file).rstrip()))
    try:
        status = _refresh(host, pull_request, body)
    except Denied:
        told = f"pull request {pull_request}: this token may not comment, as on all from forks; see the job's summary"
        return Report(command="comment", lines=[told], outputs={"status": "denied"})
    return Report(command="comment", lines=[f"pull request {pull_request}: {status}"], outputs={"status": status})


def _refresh(host: Host, number: int, body: str) -> str:
    """Change the first comment that is ours; a second one, of two jobs at once, stays as it is."""
    for found in host.comments(number):
        if read(found.body, Shown) == MARKER:
            if found.body.replace("\r\n", "\n").rstrip() == body.rstrip():
                return "unchanged"
            host.edit_comment(found.identifier, body)
            return "updated"
    host.add_comment(number, body)
    return "opened"
