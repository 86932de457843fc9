"""What the groups of a project's jobs may do in a cluster, beside what deploying needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pulumi_kubernetes import meta, rbac

from components.model_deployer.objects import rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Output

    from components.base import OutputsT
    from components.component import Component

SCHEME = "kubernetes:///"
_RBAC = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")


@dataclass(frozen=True)
class Secrets:
    """Secrets of one namespace that somebody may read."""

    namespace: str
    rule: rbac.v1.PolicyRuleArgs
    """The right on them, by their names."""


def by_namespace(*uris: str) -> list[Secrets]:
    """Return the rights to read what is in the cluster of some addresses, `kubernetes:///<namespace>/<secret>#<key>`."""
    places = [uri.removeprefix(SCHEME).partition("#")[0].split("/") for uri in uris if uri.startswith(SCHEME)]
    namespaces = sorted({namespace for namespace, _ in places})
    return [
        Secrets(each, gets(sorted({name for namespace, name in places if namespace == each}))) for each in namespaces
    ]


def gets(names: Sequence[str]) -> rbac.v1.PolicyRuleArgs:
    """Return the right to get some secrets by name: who lists or watches them reads all of a namespace."""
    return rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["secrets"], resource_names=[*names], verbs=["get"])


def looks(*, gateway: bool) -> list[rbac.v1.PolicyRuleArgs]:
    """Return what jobs of pull requests see: the contract and what runs, no secret and no log."""
    routes = ("gateway.networking.k8s.io", ["httproutes"]) if gateway else ("networking.k8s.io", ["ingresses"])
    return [
        rule("", ["configmaps", "events", "pods", "resourcequotas", "services"], _READ),
        rule("apps", ["deployments", "replicasets"], _READ),
        rule("autoscaling", ["horizontalpodautoscalers"], _READ),
        rule("batch", ["jobs"], _READ),
        rule(*routes, _READ),
        rule("policy", ["poddisruptionbudgets"], _READ),
    ]


def grant(
    owner: Component[OutputsT],
    logical: str,
    name: str,
    namespace: str,
    rules: Sequence[rbac.v1.PolicyRuleArgs],
    groups: Sequence[Output[str]],
) -> None:
    """Give groups rights in one namespace.

    Args:
        owner: The component that the objects belong to.
        logical: Logical name of both of them.
        name: Their name in the cluster.
        namespace: Where the rights hold.
        rules: The rights.
        groups: Who has them.
    """
    described = meta.v1.ObjectMetaArgs(name=name, namespace=namespace)
    role = rbac.v1.Role(logical, metadata=described, rules=[*rules], opts=owner.child)
    rbac.v1.RoleBinding(
        logical,
        metadata=described,
        role_ref={"api_group": _RBAC, "kind": "Role", "name": name},
        subjects=[rbac.v1.SubjectArgs(api_group=_RBAC, kind="Group", name=group) for group in groups],
        opts=owner.child_with(depends_on=[role]),
    )
