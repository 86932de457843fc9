"""Projects of the examples in a cluster: their namespaces, and all that holds there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kubernetes import client as kubernetes

from tests.harness.cluster.graphs import objects_of, project_resources, project_values
from tests.harness.cluster.rest import Rest

if TYPE_CHECKING:
    from tests.harness.cluster.plane import Plane

OWNER_ID = 123456
IDS = {"churn": 1001, "fraud": 1002}
"""Project -> id of its repository."""
PLATFORM_ID = 1000


@dataclass(frozen=True)
class Tenant:
    """A project in a cluster."""

    namespace: str
    group: str
    """Of the jobs that deploy."""
    account: str
    """As which served models run."""
    image: str
    """One that it may run."""
    route: str
    """Its kind of routes, as the API calls it."""


def settle(plane: Plane, shape: str, name: str) -> Tenant:
    """Put what a project registers into a cluster: its namespace, and all that holds there; no keys to a store."""
    values = project_values(shape, "churn-dev")
    values |= {"project": name, "reads": {}}
    values["ci_identity"] |= {"owner_id": OWNER_ID, "repository": name, "repository_id": IDS[name], "promotes_to": []}
    home, rest = f"project-{name}", Rest(plane.api())
    found = [item for item in objects_of(project_resources(shape, values)) if _is_here(item, home)]
    plane.install_crds({item["apiVersion"].partition("/")[0] for item in found})
    for item in found:
        rest.apply(item, "test")
    plane.eventually(lambda: _is_counted(plane, home), f"a quota of {home} that is counted")
    return _described(found, home)


def _is_here(item: dict[str, Any], home: str) -> bool:
    """Return whether an object is the namespace, in it, or a rule of the cluster for it."""
    metadata = item["metadata"]
    if item["kind"] in ("Job", "Secret"):
        return False
    return metadata.get("namespace") == home or (not metadata.get("namespace") and metadata["name"].startswith(home))


def _is_counted(plane: Plane, home: str) -> bool:
    quotas = kubernetes.CoreV1Api(plane.api()).list_namespaced_resource_quota(home).items
    return bool(quotas) and all(item.status.hard for item in quotas)


def _described(found: Iterable[dict[str, Any]], home: str) -> Tenant:
    by_kind = {item["kind"]: item for item in found}
    (role,) = [item for item in found if item["kind"] == "Role" and item["metadata"]["name"] == "deploy"]
    (binding,) = [item for item in found if item["kind"] == "RoleBinding" and item["roleRef"]["name"] == "deploy"]
    rules = [
        rule
        for item in found
        if item["kind"] == "ValidatingAdmissionPolicy"
        for rule in item["spec"]["validations"]
        if rule["message"].startswith("images must be")
    ]
    repository = rules[0]["message"].split("`")[1].partition("@")[0]
    (route,) = {name for rule in role["rules"] for name in rule["resources"]} & {"ingresses", "httproutes"}
    account = by_kind["ServiceAccount"]["metadata"]["name"]
    return Tenant(home, binding["subjects"][0]["name"], account, f"{repository}@sha256:{'0' * 64}", route)
