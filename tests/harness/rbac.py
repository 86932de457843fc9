"""Who may do what in namespaces, decided by the roles and bindings that a program registers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.plan.graph import Graph

ROLE, BINDING = (f"kubernetes:rbac.authorization.k8s.io/v1:{kind}" for kind in ("Role", "RoleBinding"))


def may(found: Graph, group: str, verb: str, resource: str, namespace: str, name: str = "", *, api: str = "") -> bool:
    """Decide as the API server does for who is in one group; a right for names says nothing of a list."""
    return any(
        verb in rule["verbs"]
        and api in rule["apiGroups"]
        and resource in rule["resources"]
        and name in rule.get("resourceNames", [name])
        for rule in _rules(found, group, namespace)
    )


def groups(found: Graph) -> set[str]:
    """Return every group that is bound to something."""
    return {subject["name"] for binding in found.of_type(BINDING) for subject in binding.inputs["subjects"]}


def _rules(found: Graph, group: str, namespace: str) -> Iterator[Mapping[str, Any]]:
    roles = {_where(item.inputs): item.inputs["rules"] for item in found.of_type(ROLE)}
    for binding in found.of_type(BINDING):
        here, _ = _where(binding.inputs)
        if here == namespace and group in [subject["name"] for subject in binding.inputs["subjects"]]:
            yield from roles[here, binding.inputs["roleRef"]["name"]]


def _where(inputs: Mapping[str, Any]) -> tuple[str, str]:
    return inputs["metadata"]["namespace"], inputs["metadata"]["name"]
