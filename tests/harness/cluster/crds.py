"""The published schemas of custom resources as definitions that an API server takes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

import pytest
from kubernetes.client import ApiClient

from tests.harness.cluster import stages
from tests.harness.cluster.rest import AnswerError, Rest
from tests.harness.kubernetes_plugin.custom import SCHEMAS
from tests.harness.kubernetes_plugin.kinds import CLUSTER_WIDE

MISSING = "no schemas of custom resources beside the checkout"

_KINDS = """
AnalysisTemplate AutoscalingRunnerSet Certificate Cluster ClusterIssuer ClusterPolicy ClusterQueue
ClusterSecretStore ClusterServingRuntime ClusterStorageContainer CronWorkflow EC2NodeClass Endpoint
EndpointConfig ExternalSecret Gateway GatewayClass HTTPRoute InferenceGraph InferenceService Issuer
LocalModelCache LocalModelNode LocalModelNodeGroup LocalQueue Model NodeClaim NodePool PodMonitor
PrometheusRule ResourceFlavor Rollout ScaledObject ScheduledBackup ScheduledSparkApplication SecretStore
ServiceMonitor ServingRuntime SparkApplication TrainedModel TriggerAuthentication WorkflowTemplate
"""
"""How kinds are written; the files of their schemas are in lower case."""

UNPUBLISHED: Mapping[str, Mapping[str, str]] = {"elbv2.k8s.aws": {"IngressClassParams": "v1beta1"}}
"""Group -> kind -> version of what nobody publishes the schema of: such objects may say anything."""

_MANAGER = "plane"


def need_schemas() -> None:
    """Skip with one line where the schemas are not at hand."""
    if not SCHEMAS.is_dir():
        pytest.skip(MISSING)


def groups() -> list[str]:
    """Return the API groups whose schemas are at hand."""
    return sorted(path.name for path in SCHEMAS.iterdir() if path.is_dir()) if SCHEMAS.is_dir() else []


def install(client: ApiClient, wanted: Iterable[str]) -> None:
    """Define the custom resources of groups, let them become ready, and wait until the server knows them.

    Args:
        client: Who may define them.
        wanted: API groups; those that nobody knows here are left out.
    """
    rest = Rest(client)
    made = [crd for group in sorted(set(wanted) & {*groups(), *UNPUBLISHED}) for crd in definitions(group)]
    for crd in made:
        rest.apply(crd, _MANAGER, force=True)
    _wait(lambda: [crd["metadata"]["name"] for crd in made if not _is_served(rest, crd)], "served")
    described = sorted({place for crd in made for place in _places(crd)})
    _wait(lambda: [place for place in described if not _is_described(rest, place, made)], "described")
    stages.install_custom(client, made)


def definitions(group: str) -> Iterator[dict[str, Any]]:
    """Yield the definition of every kind of a group that is known here."""
    for kind, version in UNPUBLISHED.get(group, {}).items():
        yield _definition(group, kind, {version: _ANYTHING})
    files = sorted((SCHEMAS / group).glob("*.json"))
    written = {name.lower(): name for name in _KINDS.split()}
    for lower, of_kind in groupby(files, lambda path: path.stem.partition("_")[0]):
        schemas = {path.stem.partition("_")[2]: structural(json.loads(path.read_text())) for path in of_kind}
        yield _definition(group, written[lower], schemas)


def _definition(group: str, kind: str, schemas: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    versions = sorted(schemas, key=_age)
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural(kind), "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural(kind)}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, from a published schema"},
        },
        "spec": {
            "group": group,
            "names": names,
            "scope": "Cluster" if kind in CLUSTER_WIDE.get(group, ()) else "Namespaced",
            "versions": [_version(name, schemas[name], storage=name == versions[-1]) for name in versions],
        },
    }


def _version(name: str, schema: dict[str, Any], *, storage: bool) -> dict[str, Any]:
    return {
        "name": name,
        "served": True,
        "storage": storage,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }


_ANYTHING = {"type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": True}


def structural(schema: Any, *, root: bool = True) -> Any:
    """Return a schema without what a definition may not say: `additionalProperties: false` beside `properties`."""
    if isinstance(schema, list):
        return [structural(item, root=False) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = dict(schema)
    if kept.get("additionalProperties") is False:
        del kept["additionalProperties"]
    if root:
        kept.pop("$schema", None)
        kept["properties"] = {key: value for key, value in kept.get("properties", {}).items() if key != "metadata"}
    return {key: structural(value, root=False) for key, value in kept.items()}


def plural(kind: str) -> str:
    """Return the name of a kind's resources."""
    lower = kind.lower()
    if lower.endswith(("ss", "x", "ch")):
        return f"{lower}es"
    if lower.endswith("y") and lower[-2] not in "aeiou":
        return f"{lower[:-1]}ies"
    return f"{lower}s"


def _age(version: str) -> tuple[int, str]:
    """Sort versions: alpha before beta before stable."""
    return (0 if "alpha" in version else 1 if "beta" in version else 2, version)


def _wait(ask: Callable[[], list[str]], what: str, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while missing := ask():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{', '.join(missing)}: not {what} within {seconds:g} s")
        time.sleep(0.1)


def _is_served(rest: Rest, crd: dict[str, Any]) -> bool:
    """Return whether the server takes such objects."""
    try:
        for place in _places(crd):
            rest.get(f"{place}/{crd['spec']['names']['plural']}", limit=1)
    except AnswerError as error:
        if error.status == 404:
            return False
        raise
    return True


def _is_described(rest: Rest, place: str, made: Iterable[dict[str, Any]]) -> bool:
    """Return whether the server says what the kinds of an API are like; kwok asks for that."""
    wanted = {crd["spec"]["names"]["plural"] for crd in made if place in _places(crd)}
    try:
        paths = rest.get(f"/openapi/v3{place}")["paths"]
    except AnswerError as error:
        if error.status == 404:
            return False
        raise
    return wanted <= {path.rpartition("/")[2] for path in paths}


def _places(crd: dict[str, Any]) -> list[str]:
    return [f"/apis/{crd['spec']['group']}/{version['name']}" for version in crd["spec"]["versions"]]
