"""Whether the contracts of a project hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.connect.live import live_problems

if TYPE_CHECKING:
    from pipelines.project import Project


def check(project: Project, *, live: bool, environment: str | None = None) -> list[str]:
    """Return what is wrong with the contracts of a project; `live` asks their services too."""
    problems = list[str]()
    for name in [environment] if environment else project.environments:
        try:
            contract = project.contract(name)
        except UserError as error:
            problems += error.problems
            continue
        source = contract.promotes_from
        if source is not None and source not in project.environments:
            problems.append(f"stack/{name}.json: promotes_from: `{source}` has no contract here; pull it")
        if contract.project != project.settings.project:
            problems.append(f"stack/{name}.json: project: `{contract.project}` is another project")
        if live:
            problems += live_problems(contract)
    return problems
