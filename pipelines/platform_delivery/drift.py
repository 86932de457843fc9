"""Drift: what somebody changed beside the stacks of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines import writes
from pipelines.delivery.markdown import code, page
from pipelines.delivery.report import Report
from pipelines.platform_delivery.applying import listed_steps
from pipelines.platform_delivery.places import stacks_of

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.platform_delivery.engine import Engine

NOT_SEEN = "Objects in the cluster are not looked at: the role that looks has no rights in it."
ADVICE = (
    "`pulumi up` of the environment changes it back; `pulumi refresh` takes it into the state, for a change of the "
    "stack file that says the same."
)


def drift(root: Path, engine: Engine, environment: str, file: Path) -> Report:
    """Compare an environment with the state of its stacks, and write what differs.

    The report has `drift` (`true` or `false`), and the key and the title of the issue that is kept about it. A check
    that cannot be done is an error, and no finding.
    """
    known = {folder: engine.known(folder) for folder in {stack.folder for stack in stacks_of(root, environment)}}
    found = [
        f"{stack.name}: {step.line}"
        for stack in stacks_of(root, environment)
        if stack.name in known[stack.folder]
        for step in engine.drift(stack).steps
    ]
    count = f"{len(found)} resource{'' if len(found) == 1 else 's'}"
    title = f"{environment} is not as its stack says: {count}"
    if found:
        writes.replace_file(file, "\n".join([*found, "", ADVICE, NOT_SEEN]).encode())
    lines = [title, *(f"  {line}" for line in found)] if found else [f"{environment} is as its stacks say"]
    return Report(
        command="platform drift",
        lines=[*lines, NOT_SEEN],
        outputs={"drift": str(bool(found)).lower(), "key": f"drift/{environment}", "title": title},
        summary=page(f"### Drift of {environment}", listed_steps(found) or "None.", code(NOT_SEEN)),
    )
