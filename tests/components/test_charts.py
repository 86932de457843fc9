"""The charts that components install are those that were read, and have the values that are set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest
from pydantic import ValidationError

from components import conformance
from components.base import Outputs, Spec
from components.catalogue import AnySpec, flavor_of, flavors, kind_of
from components.charts import Chart, chart_named, charts, release
from components.component import Component
from components.recording import RecordedResource
from tests.harness.recorded import deploy

READ = Path(__file__).resolve().parents[3] / "shared" / "charts"
"""Beside the checkout: one file for each chart, with every value key of one version."""

KINDS = {"boolean": bool, "list": list, "map": Mapping}

RELEASE = "kubernetes:helm.sh/v3:Release"

SUBCHARTS = {"kube-prometheus-stack": ("grafana", "kube-state-metrics")}
"""Chart -> charts inside of it, whose values stand below their names."""

TAKES_A_NAME = {"gha-runner-scale-set": {"githubConfigSecret": "string"}}
"""Chart -> values that may be the name of an object instead of its content, as its own values.yaml says."""


def known(chart: str) -> dict[str, Any]:
    """What was read of a chart; a chart that nobody read is an error."""
    if not READ.is_dir():
        pytest.skip("the value keys of charts do not lie beside this checkout (../shared/charts)")
    path = READ / f"{chart}.json"
    assert path.exists(), f"components/charts.yaml: {chart}: nobody read its value keys; add shared/charts/{chart}.json"
    return json.loads(path.read_text())


def value_keys(chart: str) -> dict[str, str]:
    """Every value key of a chart, those of the charts inside of it below their names."""
    inside = {f"{part}.{key}": kind for part in SUBCHARTS.get(chart, ()) for key, kind in known(part)["keys"].items()}
    return {**inside, **known(chart)["keys"], **TAKES_A_NAME.get(chart, {})}


def chart_of(item: RecordedResource) -> str:
    """The name of a release's chart, which may be the end of an address."""
    return str(item.inputs["chart"]).rpartition("/")[2]


def strangers(values: Mapping[str, Any], keys: Mapping[str, str], above: str = "") -> Iterator[str]:
    """Say which values a chart does not have, or has as something else."""
    for name, value in values.items():
        path = above + name.replace(".", r"\.")
        kind = keys.get(path)
        if kind is not None:
            if not isinstance(value, KINDS.get(kind, object)):
                yield f"{path}: is {type(value).__name__}; the chart has a {kind}"
        elif any(key.startswith(f"{path}.") for key in keys) and isinstance(value, Mapping):
            yield from strangers(value, keys, f"{path}.")
        else:
            yield f"{path}: not a value of the chart"


@pytest.mark.parametrize(("name", "row"), charts().items(), ids=list(charts()))
def test_its_version_is_the_one_that_was_read(name: str, row: Chart) -> None:
    """A new version is pinned together with what was read of it."""
    read = known(name)

    assert (read["version"], read["repository"]) == (row.version, row.repository), (
        f"components/charts.yaml: {name}: refresh shared/charts/{name}.json, or pin what it says"
    )


@pytest.mark.parametrize(("name", "row"), charts().items(), ids=list(charts()))
def test_its_images_are_those_of_the_version(name: str, row: Chart) -> None:
    """What is declared to run has the tag of the release of the software, and privileges are of those containers."""
    release_of_software = known(name)["app_version"].removeprefix("v")
    tags = {image.partition("@")[0].rpartition(":")[2].removeprefix("v") for image in row.images.values()}

    assert {release_of_software} == tags
    assert not row.images.keys() & row.images_of_others.keys()
    assert set(row.privileges) <= row.images.keys() | row.images_of_others.keys()


@cache
def releases(spec: AnySpec) -> list[RecordedResource]:
    """Return what a flavor installs."""
    return [item for case in conformance.cases(spec) for item in case.built().managed if item.type == RELEASE]


@pytest.mark.parametrize("spec", flavors(), ids=lambda spec: f"{kind_of(spec)}-{flavor_of(spec)}")
def test_every_value_that_a_flavor_sets_exists(spec: AnySpec) -> None:
    """A key with a slip would be ignored without a word."""
    found = {chart_of(item): [*strangers(item.inputs["values"], value_keys(chart_of(item)))] for item in releases(spec)}

    assert {} == {chart: problems for chart, problems in found.items() if problems}


def test_every_chart_of_the_table_is_installed() -> None:
    """A row that nothing installs is not declared any more."""
    assert set(charts()) == {chart_of(item) for spec in flavors() for item in releases(spec)}


NOT_RUN = {
    "kube-prometheus-stack": {
        "crds.upgradeJob",
        "grafana.downloadDashboards",
        "grafana.imageRenderer",
        "grafana.initChownData",
        "grafana.testFramework",
        "kube-state-metrics.kubeRBACProxy",
        "prometheusOperator.admissionWebhooks.deployment",
        "thanosRuler.thanosRulerSpec",
    },
    "metrics-server": {"addonResizer"},
    "seaweedfs": {
        "admin",
        "allInOne",
        "allInOne.s3.createBucketsHook",
        "cosi",
        "cosi.sidecar",
        "filer.s3.createBucketsHook",
        "s3",
        "s3.createBucketsHook",
        "sftp",
        "worker",
    },
}
"""Chart -> parts that have resources and are switched off, by our values or by the chart."""


def unlimited(values: Mapping[str, Any], keys: Mapping[str, str], above: str = "") -> Iterator[str]:
    """Say which containers of a chart could be given resources and are not."""
    for path in sorted(path for path in keys if re.split(r"(?<!\\)\.", path)[-1] == "resources"):
        given: Any = values
        for name in path.split("."):
            given = cast("Any", given).get(name, {}) if isinstance(given, Mapping) else {}
        if not ({"cpu", "memory"} <= given.get("requests", {}).keys() and "memory" in given.get("limits", {})):
            yield path.rpartition(".")[0]


@pytest.mark.parametrize("spec", flavors(), ids=lambda spec: f"{kind_of(spec)}-{flavor_of(spec)}")
def test_every_container_of_a_chart_has_requests_and_a_limit(spec: AnySpec) -> None:
    """Wherever the chart lets us say so: what runs without takes the memory of its neighbours."""
    found = {
        chart_of(item): set(unlimited(item.inputs["values"], value_keys(chart_of(item))))
        - NOT_RUN.get(chart_of(item), set())
        for item in releases(spec)
    }

    assert {} == {chart: parts for chart, parts in found.items() if parts}


KEYS = {
    "replicas": "integer",
    "image.tag": "string",
    "tls.enabled": "boolean",
    "labels": "map",
    "args": "list",
    "id": "null",
}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"replicas": 2, "image": {"tag": "1"}, "labels": {"a.b/c": {"d": 1}}, "args": [{}], "id": {"a": 1}}, []),
        ({"replicaCount": 2}, ["replicaCount: not a value of the chart"]),
        ({"image": {"digest": "1"}}, ["image.digest: not a value of the chart"]),
        ({"image": "web"}, ["image: not a value of the chart"]),
        ({"tls": {"enabled": "yes"}}, ["tls.enabled: is str; the chart has a boolean"]),
        ({"args": "-v"}, ["args: is str; the chart has a list"]),
        ({"labels": ["a"]}, ["labels: is list; the chart has a map"]),
        ({"a.b": 1}, [r"a\.b: not a value of the chart"]),
    ],
)
def test_a_slip_is_found(values: dict[str, Any], told: list[str]) -> None:
    """The check itself lets only through what a chart has."""
    assert told == list(strangers(values, KEYS))


class Owner(Component[Outputs]):
    """Who needs a chart."""


def test_a_release_is_pinned_awaited_and_taken_back_when_it_fails() -> None:
    """Repository and version are those of the table; the name is the chart's, so that its objects have names."""

    def program(opts: pulumi.ResourceOptions) -> None:
        owner = Owner("owner", Spec(), opts)
        first = release(owner, "first", "metrics-server", "kube-system", {"replicas": 2})
        release(owner, "second", "cluster-autoscaler", "kube-system", {}, depends_on=[first])

    found = deploy(program).all("Release")
    row = charts()["metrics-server"]

    expected = {
        "name": "metrics-server",
        "chart": "metrics-server",
        "namespace": "kube-system",
        "repositoryOpts": {"repo": row.repository},
        "version": row.version,
        "values": {"replicas": 2},
        "atomic": True,
        "cleanupOnFail": True,
    }
    assert expected == {name: found["first"].inputs[name] for name in expected}
    assert "skipAwait" not in found["first"].inputs
    assert found["first"].urn in found["second"].dependencies


def test_a_chart_of_a_registry_is_named_by_its_address() -> None:
    """Helm asks no repository then; closure and tests know the chart by the end of the address."""

    def program(opts: pulumi.ResourceOptions) -> None:
        release(Owner("owner", Spec(), opts), "first", "cert-manager", "cert-manager", {})

    made = deploy(program)["Release"].inputs
    row = charts()["cert-manager"]

    assert (row.repository, "cert-manager") == (made["chart"], made["name"])
    assert "repositoryOpts" not in made
    assert chart_named(made["chart"]) == row == chart_named("cert-manager")
    assert chart_named("somebody-elses") is None
    assert chart_named(None) is None


@pytest.mark.parametrize("version", ["~3.5", "3.5", "latest", ""])
def test_versions_are_exact(version: str) -> None:
    """Neither a range nor the newest."""
    with pytest.raises(ValidationError):
        Chart(repository="https://charts.example", version=version, images={})
