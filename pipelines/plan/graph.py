"""What a stack program registers, as a document."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from components.base import Document
from components.cluster.contract import ClusterAbilities

STACK = "pulumi:pulumi:Stack"

REFERENCE = re.compile(r"\$\{([^${}]+?)::([^${}]+?)\.[^${}]*\}")
"""What stands for a value that only a provider knows: `${<type>::<name>.<output>}`."""


class GraphResource(Document):
    """One registration, as an engine gets it."""

    urn: str
    """Identity in the stack, with the types of all parents."""
    type: str
    """Type token: `aws:s3/bucket:Bucket`."""
    name: str
    """Logical name."""
    custom: bool
    """Whether a provider manages it; false for components and the stack."""
    parent: str | None = None
    """URN of the parent; none for the stack itself."""
    inputs: dict[str, Any] = Field(default_factory=dict)
    """Plain values by their names on the wire; a secret is `{"secret": true}`, its value is never kept."""
    outputs: dict[str, Any] = Field(default_factory=dict)
    """What a component or the stack promises."""
    dependencies: tuple[str, ...] = ()
    """URNs that it waits for."""
    property_dependencies: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Input -> URNs that its value comes from."""
    provider: str | None = None
    """URN of the explicit provider."""
    protect: bool = False
    """Whether the engine refuses to delete it."""
    aliases: tuple[str, ...] = ()
    """Former identities: URNs, or the changed parts of one as JSON."""
    ignore_changes: tuple[str, ...] = ()
    """Inputs whose changes the engine leaves alone."""
    replace_on_changes: tuple[str, ...] = ()
    """Inputs whose changes replace it."""
    delete_before_replace: bool | None = None
    """Whether a replacement deletes first; none where the provider decides."""
    retain_on_delete: bool = False
    """Whether a deletion leaves the real thing alone."""
    deleted_with: str | None = None
    """URN whose deletion deletes it too."""
    version: str = ""
    """Release of the provider."""
    read: bool = False
    """Whether it is only read, not managed."""

    @property
    def label(self) -> str:
        """How messages call it: `aws:s3/bucket:Bucket artifacts`."""
        return f"{self.type} {self.name}"


class Graph(Document):
    """The resources of one stack, sorted by URN."""

    format_version: Literal["1"] = "1"
    """Of this document."""
    project: str
    """Pulumi project."""
    stack: str
    """Pulumi stack: the environment."""
    resources: tuple[GraphResource, ...]
    """Every registration but the stack itself."""
    outputs: dict[str, Any] = Field(default_factory=dict)
    """What the stack exports."""
    abilities: ClusterAbilities | None = None
    """What its cluster has beside that: where another stack made it, or somebody else owns it."""

    @cached_property
    def by_urn(self) -> dict[str, GraphResource]:
        """URN -> resource."""
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def managed(self) -> tuple[GraphResource, ...]:
        """What a provider makes: no components, no providers, nothing that is only read."""
        return tuple(
            resource
            for resource in self.resources
            if resource.custom and not resource.read and not resource.type.startswith("pulumi:")
        )

    def of_type(self, *types: str) -> list[GraphResource]:
        """Return the managed resources of some types."""
        return [resource for resource in self.managed if resource.type in types]

    def component_of(self, resource: GraphResource) -> GraphResource | None:
        """Return the outermost component that a resource is in, if it is in one."""
        found: GraphResource | None = None
        above = self.by_urn.get(resource.parent or "")
        while above:
            found = above
            above = self.by_urn.get(above.parent or "")
        return found


def canonical(graph: Graph) -> str:
    """Return the one way to write a graph: sorted keys, no defaults, a last line that ends."""
    return json.dumps(graph.model_dump(mode="json", exclude_defaults=True), indent=1, sort_keys=True) + "\n"


def is_secret(value: Any) -> bool:
    """Return whether a value was a secret."""
    return value == {"secret": True}


def is_known(value: Any) -> bool:
    """Return whether a value can be judged: it is no secret, and no provider computes a part of it."""
    return not is_secret(value) and not (isinstance(value, str) and "${" in value)
