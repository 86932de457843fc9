"""What the change of one input does: the resource's own options first, then what is known of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.plan import kubernetes_types
from pipelines.plan.leaves import covers
from pipelines.plan.schemas import Effect, effect

if TYPE_CHECKING:
    from pipelines.plan.graph import GraphResource

_PROVIDERS = {
    "pulumi:providers:aws": {"defaultTags", "ignoreTags", "maxRetries"},
    "pulumi:providers:kubernetes": {"context", "kubeconfig", "deleteUnreachable", "suppressDeprecationWarnings"},
}
"""Settings of a provider that replace nothing."""

_WAYS = {"context", "kubeconfig"}
"""Ways to a cluster, which replace nothing where `clusterIdentifier` says that it is the same one."""


def effect_of(resource: GraphResource, path: str) -> Effect:
    """Return what the change of one input does to the live resource."""
    if any(covers(pattern, path) for pattern in resource.replace_on_changes):
        return Effect.REPLACES
    if not resource.custom or resource.read:
        return Effect.IN_PLACE
    if resource.type.startswith("pulumi:providers:"):
        return _of_provider(resource, path)
    if resource.type.startswith("kubernetes:"):
        return kubernetes_types.effect(resource.type, path)
    return effect(resource.type, path)


def _of_provider(resource: GraphResource, path: str) -> Effect:
    setting = path.split(".")[0].split("[")[0]
    harmless = setting in _PROVIDERS.get(resource.type, set())
    if setting in _WAYS and "clusterIdentifier" not in resource.inputs:
        return Effect.MAY_REPLACE
    return Effect.IN_PLACE if harmless else Effect.MAY_REPLACE
