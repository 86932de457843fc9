"""Plan a stack offline: what would exist, what policy says of it, what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from components.base import Document
from components.errors import Blocked, UserError
from pipelines.plan.diff import Action, Difference, compare
from pipelines.plan.graph import Graph
from pipelines.plan.policy.catalogue import Judgement, judge, load_suppressions
from pipelines.plan.record import load_graph, record

if TYPE_CHECKING:
    from components.cluster.contract import ClusterAbilities
    from pipelines.plan.graph import GraphResource

OUTSIDE = "(no component)"
"""What stands for the component of a resource that is in none."""


class ComponentPlan(Document):
    """What one component registers."""

    name: str
    """Logical name."""
    type: str
    """Type token: `stackwright:artifact_store:S3ArtifactStore`."""
    resources: dict[str, int]
    """Type -> how many of it."""


class PlanResult(Document):
    """The offline plan of one stack."""

    stack: str
    """Which one: an environment's, or a project's in one."""
    components: tuple[ComponentPlan, ...]
    """Resources by component, in order of names."""
    judgement: Judgement
    """What the policies find."""
    difference: Difference | None
    """What an `up` would change of the saved graph; none where nothing was saved."""
    stateful_replacement_allowed: bool = False
    """Whether losing data is accepted."""
    graph: Graph = Field(exclude=True, repr=False)
    """All that the program registers: to save, or to look at more closely."""

    @property
    def count(self) -> int:
        """How many resources a provider would manage."""
        return len(self.graph.managed)

    @property
    def blocked(self) -> list[str]:
        """Why this plan may not be applied, one line each; empty when it may."""
        said = [f"{found.policy}: {found.resource}: {found.message}" for found in self.judgement.findings]
        losing = self.difference.losing if self.difference and not self.stateful_replacement_allowed else ()
        told = "allow it by `--allow-stateful-replacement`"
        return said + [
            f"{change.type} {change.name}: {_verb(change.action)}, and {change.loses} lost with it; {told}"
            for change in losing
        ]

    @property
    def exit_code(self) -> int:
        """0, or 4 when something blocks the plan."""
        return Blocked.exit_code if self.blocked else 0

    def as_json(self) -> dict[str, Any]:
        """Return the result for programs."""
        return {
            **self.model_dump(mode="json"),
            "resources": self.count,
            "blocked": self.blocked,
            "exit_code": self.exit_code,
        }


def plan_stack(
    program: Callable[[], object],
    *,
    project: str,
    stack: str,
    saved: Path | None = None,
    suppressions: Path | None = None,
    abilities: ClusterAbilities | None = None,
    allow_stateful_replacement: bool = False,
) -> PlanResult:
    """Record a program, hold it against the policies, and compare it with a saved graph.

    Args:
        program: What `__main__.py` would run, with the spec of the stack in it.
        project: Name of the Pulumi project.
        stack: Name of the Pulumi stack.
        saved: Graph of what is applied now, as `save_graph` wrote it; without one nothing is compared.
        suppressions: `suppressions.yaml`; it need not exist.
        abilities: What the stack's cluster has, where another stack made it.
        allow_stateful_replacement: Whether the plan may lose data.

    Raises:
        UserError: The program registers what an engine would refuse, or a file cannot be used.
    """
    before = _saved(saved, project, stack) if saved else None
    accepted = load_suppressions(suppressions, stack) if suppressions else ()
    graph = record(program, project=project, stack=stack).model_copy(update={"abilities": abilities})
    return PlanResult(
        stack=stack,
        components=tuple(_components(graph)),
        judgement=judge(graph, accepted),
        difference=compare(before, graph) if before else None,
        stateful_replacement_allowed=allow_stateful_replacement,
        graph=graph,
    )


def _saved(path: Path, project: str, stack: str) -> Graph:
    graph = load_graph(path)
    if (graph.project, graph.stack) != (project, stack):
        told = f"is of `{graph.project}/{graph.stack}`, not of `{project}/{stack}`"
        raise UserError(f"{path}: {told}; give the graph that was saved for this stack")
    return graph


def _components(graph: Graph) -> list[ComponentPlan]:
    counted: dict[tuple[str, str], Counter[str]] = {}
    for resource in graph.managed:
        counted.setdefault(_place(graph, resource), Counter())[resource.type] += 1
    return [
        ComponentPlan(name=name, type=type_, resources=dict(sorted(counted[name, type_].items())))
        for name, type_ in sorted(counted)
    ]


def _place(graph: Graph, resource: GraphResource) -> tuple[str, str]:
    component = graph.component_of(resource)
    return (component.name, component.type) if component else (OUTSIDE, "")


def _verb(action: Action) -> str:
    return {Action.DELETE: "would be deleted", Action.REPLACE: "would be replaced"}.get(action, "may be replaced")
