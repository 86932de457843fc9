"""What a person sees of a job beside its log: outcomes and problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.delivery.job import write_summary
from pipelines.delivery.markdown import code, page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.errors import UserError
    from pipelines.release.results import Result


def summarize(results: Sequence[Result], errors: Sequence[UserError]) -> None:
    """Add outcomes, their reasons, and problems to the summary of the job that this runs in, if it is one."""
    problems = [problem for error in errors for problem in error.problems]
    if results or problems:
        write_summary(page(*map(_outcome, results), _problems(problems)))


def _outcome(result: Result) -> str:
    lines = "\n".join(f"- {code(detail)}" for detail in result.details)
    return f"**{result.command}: {result.status}** {code(result.summary)}\n{f'{chr(10)}{lines}' if lines else ''}"


def _problems(problems: Sequence[str]) -> str | None:
    return "**Problems**\n\n" + "\n".join(f"- {code(problem)}" for problem in problems) if problems else None
