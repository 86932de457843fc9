"""Record the graph of a program in memory, and refuse what an engine would refuse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from components.errors import UserError
from pipelines.plan.graph import STACK, Graph, GraphResource, canonical
from pipelines.plan.plain_secrets import plain_secrets

if TYPE_CHECKING:
    from components.recording import RecordedResource

_WORDS = {"parent": "its parent", "deleted_with": "what it is deleted with", "provider": "its provider"}


def record(program: Callable[[], object], *, project: str, stack: str) -> Graph:
    """Run a program to its end and return what it registered.

    Nothing is asked of a cloud, a login or an engine: what a provider computes is a placeholder that says whose
    it is, and secrets are marked, not kept.

    Args:
        program: What `__main__.py` would run.
        project: Name of the Pulumi project.
        stack: Name of the stack.

    Raises:
        UserError: What an engine refuses: two resources with one URN, unknown parents, plain secrets, a resource
            without an explicit provider. All problems at once.
    """
    from components.recording import record as run

    return graph_of(run(program, project=project, stack=stack), project=project, stack=stack)


def graph_of(recorded: Iterable[RecordedResource], *, project: str, stack: str) -> Graph:
    """Return what a recorder kept as a graph, or refuse it as `record` does."""
    found = list(recorded)
    root = next((resource for resource in found if resource.type == STACK), None)
    resources = tuple(_resource(resource) for resource in found if resource is not root)
    problems = set(_problems(resources, root.urn if root else ""))
    if problems:
        raise UserError(problems)
    return Graph(project=project, stack=stack, resources=resources, outputs=_plain(dict(root.outputs)) if root else {})


def load_graph(path: Path) -> Graph:
    """Read a saved graph, or say what is wrong with it."""
    from stacks.load import load

    return load(path, Graph)


def save_graph(graph: Graph, path: Path) -> None:
    """Write a graph for a later comparison."""
    from pipelines.writes import replace_file

    replace_file(path, canonical(graph).encode())


def _resource(found: RecordedResource) -> GraphResource:
    return GraphResource(
        urn=found.urn,
        type=found.type,
        name=found.name,
        custom=found.custom,
        parent=found.parent,
        inputs=_plain(dict(found.inputs)),
        outputs=_plain(dict(found.outputs)),
        dependencies=found.dependencies,
        property_dependencies=dict(found.property_dependencies),
        provider="::".join(found.provider.split("::")[:4]) if found.provider else None,
        protect=found.protect,
        aliases=found.aliases,
        ignore_changes=found.ignore_changes,
        replace_on_changes=found.replace_on_changes,
        delete_before_replace=found.delete_before_replace,
        retain_on_delete=found.retain_on_delete,
        deleted_with=found.deleted_with,
        version=found.version,
        read=found.read,
    )


def _plain(value: Any) -> Any:
    from components.recording import Secret

    if isinstance(value, Secret):
        return {"secret": True}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value


def _problems(resources: tuple[GraphResource, ...], root: str) -> Iterator[str]:
    known = {resource.urn for resource in resources} | {root}
    for urn, count in Counter(resource.urn for resource in resources).items():
        if count > 1:
            label = next(resource.label for resource in resources if resource.urn == urn)
            yield f"{label}: registered {count} times under the same parent; give each a name of its own"
    for resource in resources:
        yield from _strangers(resource, known)
        yield from plain_secrets(resource)
        if _lacks_provider(resource):
            yield f"{resource.label}: has no explicit provider; pass `providers` to the component that it is in"


def _lacks_provider(resource: GraphResource) -> bool:
    return resource.custom and not resource.provider and not resource.type.startswith("pulumi:")


def _strangers(resource: GraphResource, known: set[str]) -> Iterator[str]:
    """Say which of the resources that it names the program never registered."""
    for field, word in _WORDS.items():
        urn = getattr(resource, field)
        if urn and urn not in known:
            yield f"{resource.label}: {word} `{urn}` is not in the program; register it first"
    for urn in resource.dependencies:
        if urn not in known:
            yield f"{resource.label}: it depends on `{urn}`, which is not in the program; register it first"
