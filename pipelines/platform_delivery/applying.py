"""Apply an environment: its own stack, then those of projects in it, each as its saved plan says."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from components.errors import UserError
from pipelines.delivery.markdown import code, page
from pipelines.delivery.report import Report
from pipelines.platform_delivery.engine import PulumiEngine
from pipelines.platform_delivery.matrix import IN_CLUSTER
from pipelines.platform_delivery.places import place_of, stacks_of
from pipelines.project import git

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipelines.platform_delivery.engine import Engine, Outcome
    from pipelines.platform_delivery.places import Stack

LISTED = 200
STARTS = ("components", "stacks", "pipelines", "requirements", "pyproject.toml")
"""What a commit has to change for Apply to start."""
NEWER = "`{branch}` has other stacks by now, at {tip}: a later run applies those, and this one nothing"
NOT_MADE = "{name}: has no state yet; make it once: `pulumi stack init {name}` in {folder}"


def engine_of(root: Path, environment: str) -> PulumiEngine:
    """Return the engine on the state of an environment."""
    backend = place_of(root, environment).backend
    if backend is None:
        raise UserError(f"{environment}: {IN_CLUSTER}")
    return PulumiEngine(root, backend)


def preview(root: Path, engine: Engine, environment: str, plans: Path) -> Report:
    """Ask the clouds what applying would do, and save it; nothing when the branch has moved on."""
    if tip := newer_tip(root):
        return Report(command="platform preview", lines=[tip], outputs={"plans": "[]"}, summary=f"{code(tip)}\n")
    stacks, missing = _there(root, engine, environment)
    found = [(stack, engine.preview(stack, plans / f"{stack.name}.json")) for stack in stacks]
    lines = [*missing, *(line for stack, outcome in found for line in _told(stack, outcome, "would change"))]
    names = json.dumps([stack.name for stack in stacks])
    parts = [_part(stack, outcome) for stack, outcome in found]
    summary = page(f"### Preview of {environment}", *parts, *map(code, missing))
    return Report(command="platform preview", lines=lines, outputs={"plans": names}, summary=summary)


def apply(root: Path, engine: Engine, environment: str, plans: Path) -> Report:
    """Do what the saved plans say, in order; the first stack that fails is the last one."""
    stacks = [stack for stack in stacks_of(root, environment) if (plans / f"{stack.name}.json").is_file()]
    if not stacks:
        raise UserError(f"{plans}: holds no plan of {environment}; run `stackwright ci platform preview` first")
    found = [(stack, engine.up(stack, plans / f"{stack.name}.json")) for stack in stacks]
    lines = [line for stack, outcome in found for line in _told(stack, outcome, "changed")]
    summary = page(f"### Applied to {environment}", *(_part(stack, outcome) for stack, outcome in found))
    return Report(command="platform apply", lines=lines, summary=summary)


def newer_tip(root: Path) -> str | None:
    """Say so when the branch that this run is of has other stacks by now: a later run applies those.

    What is compared is what starts such a run, so that there is one.
    """
    ref = os.environ.get("GITHUB_REF", "")
    if not re.fullmatch(r"refs/heads/[\w./-]+", ref):
        return None
    git(root, "fetch", "--quiet", "--depth=1", "--no-tags", "origin", ref)
    if not git(root, "diff", "--name-only", "HEAD", "FETCH_HEAD", "--", *STARTS).strip():
        return None
    tip = git(root, "rev-parse", "FETCH_HEAD").strip()
    return NEWER.format(branch=ref.removeprefix("refs/heads/"), tip=tip[:12])


def _there(root: Path, engine: Engine, environment: str) -> tuple[list[Stack], list[str]]:
    """Return the stacks that have a state, and what is to be done about the others."""
    stacks = stacks_of(root, environment)
    known = {folder: engine.known(folder) for folder in {stack.folder for stack in stacks}}
    missing = [stack for stack in stacks if stack.name not in known[stack.folder]]
    if stacks[0] in missing:
        raise UserError(NOT_MADE.format(name=stacks[0].name, folder=stacks[0].folder))
    told = [NOT_MADE.format(name=stack.name, folder=stack.folder) for stack in missing]
    return [stack for stack in stacks if stack not in missing], told


def _told(stack: Stack, outcome: Outcome, verb: str) -> list[str]:
    lines = [f"  {step.line}" for step in outcome.steps]
    return [f"{stack.name}: {len(lines) or 'nothing'} {verb}", *lines]


def _part(stack: Stack, outcome: Outcome) -> str:
    listed = listed_steps([step.line for step in outcome.steps]) or "nothing"
    return f"{code(stack.file)}:\n\n{listed}"


def listed_steps(lines: Sequence[str]) -> str:
    """Return steps as a list in Markdown, as many as a person reads."""
    more = [f"- and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
    return "\n".join([*(f"- {code(line)}" for line in lines[:LISTED]), *more])
