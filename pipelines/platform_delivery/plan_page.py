"""The plans of all stacks as a page: what happens to each in one table, and what happens to what below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.delivery.markdown import code, page, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipelines.platform_delivery.plans import Planned, Plans

LISTED = 40
"""Changes that are listed of one stack; the log has all of them."""


def plan_page(plans: Plans) -> str:
    """Return Markdown: a table of all stacks, then each that changes or is blocked."""
    gone = [f"- {code(name)}: its file goes; what it made stays until somebody destroys it" for name in plans.gone]
    parts = [part for stack in plans.stacks for part in _stack(stack)]
    header = ["stack", "resources", "what changes", "blocked"]
    return page(
        "### What a merge would do to the platform",
        table(header, map(_row, plans.stacks)),
        "\n".join(gone),
        *parts,
        "Planned offline: what somebody changed by hand is not seen; `pulumi preview` runs before it is applied.",
    )


def _row(stack: Planned) -> list[str]:
    counts = ", ".join(f"{count} {action}" for action, count in stack.counts.items())
    what = code(stack.note) if stack.note else counts or "nothing"
    return [code(stack.stack), str(stack.resources), what, "**yes**" if stack.blocked else "no"]


def _stack(stack: Planned) -> Iterator[str]:
    if stack.blocked:
        yield f"{code(stack.stack)} is blocked:\n\n{_listed(stack.blocked)}"
    if stack.changes:
        yield f"{code(stack.stack)}:\n\n{_listed(stack.changes)}"


def _listed(lines: Sequence[str]) -> str:
    shown = [f"- {code(line)}" for line in lines[:LISTED]]
    more = [f"- and {len(lines) - LISTED} more; the log has all of them"] if len(lines) > LISTED else []
    return "\n".join([*shown, *more])
