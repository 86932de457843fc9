"""How nodes, pods and custom resources of the plane come alive: kwok's Stages, one file for each API group."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from kubernetes.client import ApiClient

from tests.harness.cluster.rest import AnswerError, Rest

FOLDER = Path(__file__).with_name("stages")
"""`core.yaml` and `addresses.yaml` for every plane, and `<group>.yaml` for custom resources."""
ALWAYS = ("core", "addresses")

_API = "kwok.x-k8s.io/v1alpha1"
_MANAGER = "plane"


def install(client: ApiClient) -> None:
    """Define Stages, and make those of every plane."""
    rest = Rest(client)
    rest.apply(_DEFINITION, _MANAGER)
    deadline = time.monotonic() + 30
    while not _is_served(rest):
        if time.monotonic() > deadline:
            raise TimeoutError("Stages are not served within 30 s")
        time.sleep(0.05)
    for name in ALWAYS:
        _apply(rest, yaml.safe_load_all((FOLDER / f"{name}.yaml").read_text()))


def install_custom(client: ApiClient, definitions: Iterable[dict[str, Any]]) -> None:
    """Make the Stages of custom resources: those of their file, and otherwise one that makes them ready."""
    made = list(definitions)
    rest = Rest(client)
    for group in sorted({crd["spec"]["group"] for crd in made}):
        path = FOLDER / f"{group}.yaml"
        written = list(yaml.safe_load_all(path.read_text())) if path.exists() else []
        known = {stage["spec"]["resourceRef"]["kind"] for stage in written}
        others = [crd for crd in made if crd["spec"]["group"] == group and crd["spec"]["names"]["kind"] not in known]
        _apply(rest, [*written, *(stage for crd in others for stage in _ready(crd))])


def there(rest: Rest) -> list[dict[str, Any]]:
    """Return the Stages that are there."""
    return [{**item, "apiVersion": _API, "kind": "Stage"} for item in rest.items(_API, "Stage")]


def kind_of(stage: dict[str, Any]) -> tuple[str, str]:
    """Return API version and kind of what a Stage is about."""
    ref = stage["spec"]["resourceRef"]
    return ref["apiGroup"], ref["kind"]


def _ready(crd: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the Stage that makes a custom resource ready, if its status says so by conditions."""
    newest = crd["spec"]["versions"][-1]
    status = newest["schema"]["openAPIV3Schema"]["properties"].get("status", {})
    if "conditions" not in status.get("properties", {}):
        return
    group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
    condition = '.status.conditions.[] | select( .type == "Ready" ) | .status'
    matches = [
        {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"},
        {"key": condition, "operator": "NotIn", "values": ["True"]},
        {"key": '.metadata.annotations["plane.test/never"]', "operator": "DoesNotExist"},
    ]
    delay = {"durationMilliseconds": 0, "durationFrom": {"expressionFrom": '.metadata.annotations["plane.test/slow"]'}}
    yield {
        "apiVersion": _API,
        "kind": "Stage",
        "metadata": {"name": f"ready-{crd['metadata']['name']}"},
        "spec": {
            "resourceRef": {"apiGroup": f"{group}/{newest['name']}", "kind": kind},
            "selector": {"matchExpressions": matches},
            "delay": delay,
            "next": {"statusTemplate": _CONDITION},
        },
    }


_CONDITION = """
conditions:
- lastTransitionTime: {{ Now | Quote }}
  message: ""
  reason: Ready
  status: "True"
  type: Ready
"""


def _apply(rest: Rest, stages: Iterable[dict[str, Any]]) -> None:
    for stage in stages:
        rest.apply(stage, _MANAGER, force=True)


def _is_served(rest: Rest) -> bool:
    try:
        rest.items(_API, "Stage")
    except AnswerError:
        return False
    return True


_DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "stages.kwok.x-k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, as kwok has it"},
    },
    "spec": {
        "group": "kwok.x-k8s.io",
        "names": {"kind": "Stage", "listKind": "StageList", "plural": "stages", "singular": "stage"},
        "scope": "Cluster",
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
