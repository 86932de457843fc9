"""Namespaces of ours, and what their pods may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi_kubernetes import core

    from components.base import OutputsT
    from components.component import Component

Level = Literal["restricted", "baseline", "privileged"]

ENFORCE = "pod-security.kubernetes.io/enforce"

EXCEPTIONS: Mapping[str, tuple[Level, str]] = {
    "nvidia-device-plugin": (
        "privileged",
        "the device plugin speaks with the kubelet by a socket on the machine, as root",
    ),
}
"""Namespace of ours -> the level that it has instead of `restricted`, and why."""


def guarded_namespace(
    owner: Component[OutputsT], name: str, namespace: str, labels: Mapping[str, str] | None = None
) -> core.v1.Namespace:
    """Make a namespace as a child of a component; its pods keep to `restricted` unless an exception is written down.

    Args:
        owner: The component whose pods run there.
        name: Logical name.
        namespace: Its name in the cluster.
        labels: More labels.
    """
    from pulumi_kubernetes import core  # the exceptions are read without an SDK

    level, _ = EXCEPTIONS.get(namespace, ("restricted", ""))
    return core.v1.Namespace(
        name, metadata={"name": namespace, "labels": {ENFORCE: level, **(labels or {})}}, opts=owner.child
    )
