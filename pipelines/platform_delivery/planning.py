"""The offline plan of every stack, and what a merge would change in it: no cloud, no login, no engine."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from components.errors import Blocked, UserError
from pipelines import writes
from pipelines.delivery.report import Report
from pipelines.delivery.texts import read_text
from pipelines.plan.diff import Action
from pipelines.plan.stacks import plan_environment, plan_project
from pipelines.platform_delivery.base import Base
from pipelines.platform_delivery.places import ENVIRONMENTS, NONE_YET, PROJECTS, environment_names, stacks_of
from pipelines.platform_delivery.plan_page import plan_page
from pipelines.platform_delivery.plans import Planned, Plans, told
from pipelines.short_lived import short_lived
from stacks.load import parse

if TYPE_CHECKING:
    from pipelines.plan.run import PlanResult
    from pipelines.platform_delivery.places import Stack

MARKDOWN, DOCUMENT = "plan.md", "plan.json"


def plan(root: Path, base: str | None, output: Path) -> Report:
    """Plan every stack, compare it with a branch, and write what is found as Markdown and as a document."""
    stacks = [stack for name in environment_names(root) for stack in stacks_of(root, name)]
    if not stacks:
        outputs = {"organised": "false", "blocked": "false"}
        return Report(command="platform plan", lines=[NONE_YET], outputs=outputs, summary=f"{NONE_YET}\n")
    with tempfile.TemporaryDirectory() as folder, short_lived():
        before = Base.at(root, base, Path(folder)) if base else None
        found = [_planned(root, stack, before) for stack in stacks]
        gone = [str(stack.file) for stack in before.stacks if stack not in stacks] if before else []
    plans = Plans(stacks=tuple(found), gone=tuple(gone))
    text = plan_page(plans)
    writes.replace_file(output / MARKDOWN, text.encode())
    writes.replace_file(output / DOCUMENT, f"{plans.model_dump_json(indent=2)}\n".encode())
    outputs = {"organised": "true", "blocked": json.dumps(bool(plans.blocked))}
    data = plans.model_dump(mode="json")
    return Report(command="platform plan", lines=_lines(plans), outputs=outputs, summary=text, data=data)


def verdict(folder: Path) -> Report:
    """Say why what was planned must not be merged; exit code 4, or 0 when it may."""
    path = folder / DOCUMENT
    plans = parse(read_text(path).encode(), Plans, str(path))
    lines = plans.blocked or ["nothing blocks what was planned"]
    return Report(command="platform verdict", lines=lines, exit_code=Blocked.exit_code if plans.blocked else 0)


def _planned(root: Path, stack: Stack, before: Base | None) -> Planned:
    name = str(stack.file)
    try:
        saved, note = _saved(stack, before)
        result = _plan(root, stack, saved)
    except UserError as error:
        return Planned(stack=name, blocked=tuple(error.problems))
    changes = result.difference.changes if result.difference else ()
    counts = Counter(change.action for change in changes)
    worst = sorted(changes, key=lambda change: list(Action).index(change.action), reverse=True)
    return Planned(
        stack=name,
        resources=result.count,
        counts={action.value: counts[action] for action in Action if counts[action]},
        changes=tuple(
            f"{change.action.value} {change.type} {change.name}" + (f", loses {change.loses}" if change.loses else "")
            for change in worst
        ),
        note=note,
        blocked=tuple(result.blocked),
    )


def _saved(stack: Stack, before: Base | None) -> tuple[Path | None, str]:
    """Return the graph to compare with, or why there is none."""
    if before is None:
        return None, "compared with nothing"
    try:
        path = before.graph(stack)
    except UserError as error:
        return None, "; ".join(error.problems)
    return path, "" if path else "new"


def _plan(root: Path, stack: Stack, saved: Path | None) -> PlanResult:
    if stack.project:
        return plan_project(root / PROJECTS, stack.environment, stack.project, saved)
    return plan_environment(root / ENVIRONMENTS, stack.environment, saved)


def _lines(plans: Plans) -> list[str]:
    lines = [
        line
        for stack in plans.stacks
        for line in (f"{stack.stack}: {told(stack)}", *(f"  {change}" for change in stack.changes))
    ]
    return [*lines, *(f"{name}: its file goes, and nothing that it made" for name in plans.gone), *plans.blocked]
