"""The DaemonSet that the chart nvidia-device-plugin makes of its values, as far as scheduling goes.

The chart's templates/daemonset-device-plugin.yml puts `affinity`, `nodeSelector`, `tolerations` and
`priorityClassName` into the pod as they are; Helm merges mappings with the chart's defaults and replaces lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.charts import charts

CHART = "nvidia-device-plugin"
CONTAINER = "nvidia-device-plugin-ctr"
DEFAULTS: Mapping[str, Any] = {
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": key, "operator": "In", "values": [value]}]}
                    for key, value in (
                        ("feature.node.kubernetes.io/pci-10de.present", "true"),
                        ("feature.node.kubernetes.io/cpu-model.vendor_id", "NVIDIA"),
                        ("nvidia.com/gpu.present", "true"),
                    )
                ]
            }
        }
    },
    "nodeSelector": {},
    "priorityClassName": "system-node-critical",
    "resources": {},
    "tolerations": [
        {"key": "CriticalAddonsOnly", "operator": "Exists"},
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
    ],
}
"""What the chart's own values.yaml says of these."""


def daemon_set(values: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """Return the DaemonSet; where one of its pods runs, a node of the plane gets its GPUs."""
    merged = _merged(DEFAULTS, values)
    labels = {"app.kubernetes.io/name": CHART}
    mounted = {"name": "kubelet", "mountPath": "/var/lib/kubelet/device-plugins"}
    pod = {
        **{key: merged[key] for key in ("affinity", "nodeSelector", "priorityClassName", "tolerations")},
        "containers": [
            {
                "name": CONTAINER,
                "image": charts()[CHART].images[CONTAINER],
                "resources": merged["resources"],
                "volumeMounts": [mounted],
            }
        ],
        "volumes": [{"name": "kubelet", "hostPath": {"path": mounted["mountPath"]}}],
    }
    announced = {"plane.test/announces": "nvidia.com/gpu"}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": CHART, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": announced}, "spec": pod},
        },
    }


def _merged(defaults: Any, given: Any) -> Any:
    if not isinstance(defaults, Mapping) or not isinstance(given, Mapping):
        return given
    return {**defaults, **{key: _merged(defaults.get(key), value) for key, value in given.items()}}
