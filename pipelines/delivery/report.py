"""What a command of a job tells: to people, to the next steps, and to the summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipelines import printing
from pipelines.delivery.job import write_outputs, write_summary


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a command of a job did."""

    command: str
    lines: list[str]
    """Sentences for the log, in plain text."""
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    """For the steps and jobs that follow."""
    secret_outputs: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    """The same, but shown nowhere."""
    summary: str = ""
    """Markdown for who looks at the job."""
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    """What programs want."""
    exit_code: int = 0


def say(report: Report, *, as_json: bool) -> None:
    """Write outputs and summary of the job, and the log or one document."""
    for value in report.secret_outputs.values():
        printing.mask(value, as_json=as_json)
    write_outputs({**report.outputs, **report.secret_outputs})
    write_summary(report.summary)
    if as_json:
        said = {"command": report.command, "lines": report.lines, "outputs": report.outputs, **report.data}
        printing.document(said)
    else:
        for line in report.lines:
            printing.line(line)
