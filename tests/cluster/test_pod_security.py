"""Every pod of ours keeps to the restricted standard, as the admission of a real API server reads it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from kubernetes import client as kubernetes
from kubernetes.client.exceptions import ApiException

from components.charts import charts
from components.pod_security import ENFORCE, EXCEPTIONS
from components.recording import RecordedResource
from tests.harness.cluster.graphs import EXAMPLES, environment_resources, objects_of, project_resources, project_values
from tests.harness.cluster.placing import IMAGE, container
from tests.harness.cluster.plane import Plane

pytestmark = pytest.mark.cluster

ENVIRONMENTS = list(itertools.product(("aws", "kubernetes"), ("dev", "staging", "prod")))
PROJECTS = [
    (path.parent.parent.name, path.stem.removeprefix("Pulumi."))
    for path in sorted(EXAMPLES.glob("*/projects/Pulumi.*.yaml"))
]
WORKLOADS = ("CronJob", "DaemonSet", "Deployment", "Job", "Pod", "StatefulSet")


def pods(resources: Iterable[RecordedResource]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every pod that a program registers, by what makes it: workloads, and what charts are told of pods."""
    found = list(resources)
    for item in objects_of(found):
        if item["kind"] in WORKLOADS:
            spec = item["spec"].get("jobTemplate", item)["spec"]
            yield f"{item['kind']} {item['metadata']['name']}", spec.get("template", {}).get("spec") or spec
    for item in found:
        if item.inputs.get("chart"):
            yield from ((f"Release {item.name}", spec) for spec in _of_chart(item.inputs["values"]))


PAIRS = (
    ("podSecurityContext", "containerSecurityContext"),
    ("podSecurityContext", "securityContext"),
    ("securityContext", "containerSecurityContext"),
)
"""How charts call the security contexts of a pod and of its containers."""


def _of_chart(values: Any) -> Iterator[dict[str, Any]]:
    """Yield what values say of pods: whole ones, and those of which they say both security contexts."""
    if not isinstance(values, Mapping):
        return
    yield from (_with_images(values[name]["spec"]) for name in ("template", "listenerTemplate") if name in values)
    for pod, inner in PAIRS:
        if pod in values and inner in values:
            contexts = [
                {key: value for key, value in values[name].items() if key != "enabled"} for name in (pod, inner)
            ]
            yield {"securityContext": contexts[0], "containers": [container(securityContext=contexts[1])]}
            break
    for value in values.values():
        yield from _of_chart(value)


def _with_images(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a pod of which the chart knows some images itself."""
    return {**spec, "containers": [{"image": IMAGE, **each} for each in spec["containers"]]}


def refusals(plane: Plane, namespace: str, resources: Iterable[RecordedResource]) -> list[str]:
    """Return what is said of pods that the namespace does not take; nothing is made."""
    return [told for name, spec in pods(resources) for told in _refused(plane, namespace, name, spec)]


def _refused(plane: Plane, namespace: str, name: str, spec: dict[str, Any]) -> Iterator[str]:
    anonymous = {key: value for key, value in spec.items() if key not in ("serviceAccountName", "priorityClassName")}
    body = {"metadata": {"name": "pod"}, "spec": anonymous}
    try:
        kubernetes.CoreV1Api(plane.api()).create_namespaced_pod(namespace, body, dry_run="All")
    except ApiException as error:
        yield f"{name}: {error.body}"


@pytest.fixture(scope="module")
def guarded(plane: Plane) -> Iterator[str]:
    """A namespace that takes restricted pods only."""
    with plane.namespace("guarded", **{ENFORCE: "restricted"}) as name:
        yield name


@pytest.mark.parametrize(("shape", "environment"), ENVIRONMENTS)
def test_every_pod_of_an_environment_is_let_in(plane: Plane, guarded: str, shape: str, environment: str) -> None:
    """Servers, jobs and runners of the examples, in both shapes."""
    resources = environment_resources(shape, environment)

    assert [] != list(pods(resources))
    assert [] == refusals(plane, guarded, resources)


@pytest.mark.parametrize(("shape", "name"), PROJECTS)
def test_every_pod_of_a_project_is_let_in(plane: Plane, guarded: str, shape: str, name: str) -> None:
    """What a project's stack runs; in AWS it runs nothing."""
    assert [] == refusals(plane, guarded, project_resources(shape, project_values(shape, name)))


@pytest.mark.parametrize(("shape", "environment"), ENVIRONMENTS)
def test_namespaces_are_guarded_but_for_named_exceptions(shape: str, environment: str) -> None:
    """Each namespace of ours takes restricted pods only, or is written down with a level and a reason."""
    made = [item for item in objects_of(environment_resources(shape, environment)) if item["kind"] == "Namespace"]
    levels = {item["metadata"]["name"]: item["metadata"]["labels"][ENFORCE] for item in made}

    assert levels == {name: EXCEPTIONS[name][0] if name in EXCEPTIONS else "restricted" for name in levels}
    assert all(reason for _, reason in EXCEPTIONS.values())


@pytest.mark.parametrize(("shape", "environment"), ENVIRONMENTS)
def test_charts_with_privileges_have_a_place(shape: str, environment: str) -> None:
    """What needs more than the standard runs in a namespace that is an exception, or in that of the cluster itself."""
    found = [item for item in environment_resources(shape, environment) if item.inputs.get("chart")]
    places = {item.inputs["chart"].rpartition("/")[2]: item.inputs["namespace"] for item in found}
    privileged = {chart: place for chart, place in places.items() if charts()[chart].privileges}

    assert privileged
    assert {} == {chart: place for chart, place in privileged.items() if place not in {"kube-system", *EXCEPTIONS}}


@pytest.mark.parametrize(
    "spec",
    [
        {"hostNetwork": True, "containers": [container()]},
        {"containers": [container()], "volumes": [{"name": "root", "hostPath": {"path": "/"}}]},
        {"containers": [container(securityContext={"privileged": True})]},
        {"containers": [container()]},
    ],
    ids=["network of the host", "folder of the host", "privileged", "nothing said"],
)
def test_other_pods_are_not_let_in(plane: Plane, guarded: str, spec: dict[str, Any]) -> None:
    """The admission that the others pass is there: it refuses what the standard refuses."""
    (told,) = _refused(plane, guarded, "pod", spec)

    assert 'violates PodSecurity \\"restricted' in told
