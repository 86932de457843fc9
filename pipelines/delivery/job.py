"""The job that this runs in, by the variables that its host gives: outputs, summary, where its run is looked at."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines import writes

if TYPE_CHECKING:
    from collections.abc import Mapping

SUMMARY_BYTES = 1_000_000
"""A summary may have 1 MiB.
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands (2026-11)"""


def write_outputs(values: Mapping[str, str]) -> None:
    """Give a step outputs; no value can end before its end, or become another output."""
    path = os.environ.get("GITHUB_OUTPUT")
    if path and values:
        writes.append_file(Path(path), "".join(output_lines(name, value) for name, value in values.items()).encode())


def output_lines(name: str, value: str) -> str:
    """Return the lines that set an output, between two marks that nobody can guess."""
    mark = f"end_{secrets.token_hex(16)}"
    return f"{name}<<{mark}\n{value}\n{mark}\n"


def write_summary(markdown: str) -> None:
    """Add to what a person sees of a job."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path and markdown:
        content = markdown.encode(errors="replace")
        cut = content if len(content) <= SUMMARY_BYTES else b"The summary is too long; the log has it.\n"
        writes.append_file(Path(path), cut.rstrip() + b"\n\n")


def run_identifier() -> str | None:
    """Return what the host calls this run; the same when it is run again."""
    found = os.environ.get("GITHUB_RUN_ID", "")
    return found if re.fullmatch("[0-9]{1,20}", found) else None


def run_link() -> str | None:
    """Return a link, in Markdown, to this run and what it has kept."""
    server, repository = (os.environ.get(f"GITHUB_{part}", "") for part in ("SERVER_URL", "REPOSITORY"))
    address = f"{server}/{repository}/actions/runs/{run_identifier()}"
    if run_identifier() is None or not re.fullmatch(r"https?://[A-Za-z0-9._:/-]+", address):
        return None
    return f"[this run]({address}), with its [artifacts]({address}#artifacts)"


def event_name() -> str | None:
    """Return what started the workflow."""
    return os.environ.get("GITHUB_EVENT_NAME")
