"""The plan as people read it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipelines.plan.diff import Action
from pipelines.plan.graph import is_secret

if TYPE_CHECKING:
    from pipelines.plan.diff import Change, Difference, PropertyChange
    from pipelines.plan.policy.catalogue import Judgement
    from pipelines.plan.run import PlanResult

LONGEST = 60


def render(result: PlanResult) -> str:
    """Return the plan as text: resources by component, findings, difference, and what blocks it last."""
    lines = [*_resources(result), "", *_findings(result.judgement), "", *_difference(result.difference)]
    if result.blocked:
        lines += [
            "",
            f"blocked, for {_count(len(result.blocked), 'reason')}:",
            *(f"  {said}" for said in result.blocked),
        ]
    return "\n".join(lines) + "\n"


def _resources(result: PlanResult) -> Iterator[str]:
    total = _count(result.count, "resource")
    yield f"{result.stack}: {total} in {_count(len(result.components), 'component')}"
    for component in result.components:
        yield f"  {component.name}  {component.type}".rstrip()
        for type_, count in component.resources.items():
            yield f"    {count:>3}  {type_}"


def _findings(judgement: Judgement) -> Iterator[str]:
    yield f"policy: {_count(len(judgement.findings), 'finding')}, {len(judgement.suppressed)} suppressed"
    for found in judgement.findings:
        yield f"  {found.policy}: {found.resource}: {found.message}"
        yield f"      {found.reason} ({found.source})"
    for found in judgement.suppressed:
        yield f"  suppressed {found.policy}: {found.resource}: {found.suppressed}"
    for unused in judgement.unused:
        yield f"  unused suppression of {unused.policy} for {unused.resource}: remove it"


def _difference(difference: Difference | None) -> Iterator[str]:
    if difference is None:
        yield "difference: no saved graph to compare with"
        return
    if not difference.changes:
        yield "difference: none"
        return
    counts = Counter(change.action for change in difference.changes)
    yield "difference: " + ", ".join(f"{counts[action]} {action.value}" for action in Action if counts[action])
    for change in difference.changes:
        yield from _change(change)


def _change(change: Change) -> Iterator[str]:
    yield f"  {change.action.value}  {change.type} {change.name}"
    if change.was:
        yield f"      was {change.was}"
    for found in change.properties:
        yield f"      {found.path}: {_values(found)} ({found.effect.value})"
    if change.loses:
        yield f"      loses {change.loses}" + ("; protected: the engine refuses" if change.protected else "")


def _values(found: PropertyChange) -> str:
    return found.because or f"{_short(found.before)} -> {_short(found.after)}"


def _short(value: Any) -> str:
    if is_secret(value):
        return "[secret]"
    text = "(none)" if value is None else value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
