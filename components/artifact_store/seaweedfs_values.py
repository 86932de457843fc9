"""What differs from the defaults of the chart of SeaweedFS; every key is held against the chart by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.artifact_store.user import KEY_ID, SECRET_KEY
from components.artifact_store.weed import RESTRICTED, TAG, USER
from components.base import Tier
from components.quantities import cpu, memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi import Output

    from components.artifact_store.contract import SeaweedfsSpec

Values = dict[str, Any]

S3_PORT = 8333

_PODS: Mapping[Tier, tuple[int, int, str]] = {
    Tier.DEV: (1, 1, "000"),
    Tier.STAGING: (3, 2, "001"),
    Tier.PROD: (3, 3, "001"),
}
"""Tier -> masters, volume servers, and where copies are: `001` is one more, on another server."""


def replicas(tier: Tier) -> dict[str, int]:
    """Return how many masters and volume servers a tier has; one pod answers requests and knows the names."""
    masters, volumes, _ = _PODS[max(tier, Tier.DEV)]
    return {"master": masters, "volume": volumes}


def values(spec: SeaweedfsSpec, tier: Tier, storage_class: Output[str], admin: str) -> Values:
    """Return everything that the chart is told.

    No file with users is given: where there is one, users that are made later are not taken up (SeaweedFS pull
    request 7989). The administrator comes by variables instead, beside which later ones are. With neither, the
    gateway would let everybody in until the first user is there.
    """
    pods = replicas(tier)
    _, _, placement = _PODS[max(tier, Tier.DEV)]
    keys = {name: {"secretKeyRef": {"name": admin, "key": name}} for name in (KEY_ID, SECRET_KEY)}
    return {
        "image": {"registry": "docker.io", "tag": TAG},
        "global": {
            "seaweedfs": {
                "enableReplication": True,
                "replicationPlacement": placement,
                "createClusterRole": False,
                "automountServiceAccountToken": False,
            }
        },
        "master": {
            **_part(spec, 256),
            "replicas": pods["master"],
            "data": _claim(1, storage_class),
            "logs": {"type": "emptyDir"},
        },
        "volume": {
            **_part(spec, spec.memory_mib),
            "replicas": pods["volume"],
            "dataDirs": [{"name": "data1", **_claim(spec.storage_gib, storage_class), "maxVolumes": 0}],
            "resizeHook": {"enabled": False},
        },
        "filer": {
            **_part(spec, spec.memory_mib),
            "replicas": 1,
            "data": _claim(spec.metadata_gib, storage_class),
            "logs": {"type": "emptyDir"},
            "s3": {"enabled": True, "port": S3_PORT, "enableAuth": False},
            "secretExtraEnvironmentVars": keys,
        },
    }


def _part(spec: SeaweedfsSpec, memory_mib: int) -> Values:
    return {
        "podSecurityContext": {
            "enabled": True,
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containerSecurityContext": {"enabled": True, **RESTRICTED},
        "resources": {
            "requests": {"cpu": cpu(spec.cpu_millicores), "memory": memory(memory_mib)},
            "limits": {"memory": memory(memory_mib)},
        },
    }


def _claim(gib: int, storage_class: Output[str]) -> Values:
    return {"type": "persistentVolumeClaim", "size": f"{gib}Gi", "storageClass": storage_class}
