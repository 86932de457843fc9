"""SeaweedFS in the cluster: what is installed, who gets in, and the Job that makes the bucket, really run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.artifact_store.contract import SeaweedfsSpec
from components.artifact_store.weed import IMAGE
from components.base import Tier
from components.charts import charts
from components.conformance import Case
from components.recording import RecordedResource, Secret
from tests.harness.recorded import before
from tests.harness.weed import Weed

BUCKET = "acme-dev-artifact-store"
RELEASE = "kubernetes:helm.sh/v3:Release artifact-store-seaweedfs"
JOB = "kubernetes:batch/v1:Job artifact-store-bucket"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute artifact-store-s3"


def store(tier: Tier = Tier.DEV, **values: Any) -> dict[str, RecordedResource]:
    """What is registered, by type and name."""
    built = Case(SeaweedfsSpec(flavor="seaweedfs", **values), cloud=False).built(tier)
    return {f"{item.type} {item.name}": item for item in built.managed}


def values(tier: Tier = Tier.DEV, **given: Any) -> dict[str, Any]:
    """What the chart is told."""
    return store(tier, **given)[RELEASE].inputs["values"]


def test_it_promises_addresses_inside_and_outside_and_where_users_are_made() -> None:
    """No key encrypts it; the region is what every client may sign for."""
    built = Case(SeaweedfsSpec(flavor="seaweedfs"), cloud=False).built()

    assert {
        "uri": f"s3://{BUCKET}",
        "endpoint": "https://s3.ingress-domain",
        "endpoint_inside": "http://seaweedfs-s3.seaweedfs.svc:8333",
        "region": "us-east-1",
        "users_namespace": "seaweedfs",
    } == built.root.outputs


@pytest.mark.parametrize(
    ("tier", "masters", "volumes", "placement", "budgets"),
    [
        (Tier.DEV, 1, 1, "000", []),
        (Tier.STAGING, 3, 2, "001", ["seaweedfs-master", "seaweedfs-volume"]),
        (Tier.PROD, 3, 3, "001", ["seaweedfs-master", "seaweedfs-volume"]),
    ],
)
def test_outside_dev_each_object_is_on_two_machines(
    tier: Tier, masters: int, volumes: int, placement: str, budgets: list[str]
) -> None:
    """Masters are a majority when one is away; one of each sort is drained at a time."""
    told, graph = values(tier), store(tier)

    assert (masters, volumes, 1) == tuple(told[part]["replicas"] for part in ("master", "volume", "filer"))
    assert (True, placement) == (
        told["global"]["seaweedfs"]["enableReplication"],
        told["global"]["seaweedfs"]["replicationPlacement"],
    )
    found = [item.inputs for item in graph.values() if item.type.endswith(":PodDisruptionBudget")]
    assert budgets == [item["metadata"]["name"] for item in found]
    assert {1} >= {item["spec"]["maxUnavailable"] for item in found}


def kept(part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield kind and class of all that holds data."""
    for claim in [part["data"]] if "data" in part else part["dataDirs"]:
        yield claim["type"], claim["storageClass"]


@pytest.mark.parametrize(("given", "expected"), [({}, "services-storage_class"), ({"storage_class": "fast"}, "fast")])
def test_data_follows_a_pod_that_moves(given: dict[str, str], expected: str) -> None:
    """Everything is on claims of a class; the chart's own default is the disk of a machine."""
    told = values(**given)

    assert {("persistentVolumeClaim", expected)} == {
        found for part in ("master", "volume", "filer") for found in kept(told[part])
    }
    assert {"emptyDir"} == {told[part]["logs"]["type"] for part in ("master", "filer")}


def test_nobody_gets_in_without_keys_and_later_users_are_taken_up() -> None:
    """An administrator by variables: without any user the gateway lets everybody in, and a file freezes the users."""
    told = values()

    assert {"enabled": True, "port": 8333, "enableAuth": False} == told["filer"]["s3"]
    assert {
        name: {"secretKeyRef": {"name": "seaweedfs-admin", "key": name}}
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    } == told["filer"]["secretExtraEnvironmentVars"]
    secret = store()["kubernetes:core/v1:Secret artifact-store-admin"]
    assert isinstance(secret.inputs["stringData"], Secret)
    assert "existingConfigSecret" not in repr(told)


def test_its_pods_keep_the_restricted_standard_and_have_no_token() -> None:
    """Every part: no root, no capability, limits; and no rights in the cluster, which the chart would give."""
    told = values()

    for part in ("master", "volume", "filer"):
        pod, container = told[part]["podSecurityContext"], told[part]["containerSecurityContext"]
        assert (True, True, 1000) == (pod["enabled"], pod["runAsNonRoot"], pod["fsGroup"])
        assert {"drop": ["ALL"]} == container["capabilities"]
        assert (True, False) == (container["enabled"], container["allowPrivilegeEscalation"])
        assert "memory" in told[part]["resources"]["limits"]
    everything = told["global"]["seaweedfs"]
    assert (False, False) == (everything["createClusterRole"], everything["automountServiceAccountToken"])
    assert {"enabled": False} == told["volume"]["resizeHook"]
    labels = store()["kubernetes:core/v1:Namespace artifact-store"].inputs["metadata"]["labels"]
    assert "restricted" == labels["pod-security.kubernetes.io/enforce"]


def test_the_jobs_run_the_image_of_the_chart_by_digest() -> None:
    """What is declared of the chart is what the chart is told to run."""
    (declared,) = charts()["seaweedfs"].images.values()
    image = values()["image"]

    assert IMAGE == f"{image['registry']}/chrislusf/seaweedfs:{image['tag']}"
    assert declared == IMAGE.partition("@")[0]


def test_only_the_s3_api_is_reached_from_elsewhere() -> None:
    """The APIs of names and files ask nobody who they are: only its own namespace reaches them."""
    rules = {
        item.inputs["metadata"]["name"]: item.inputs["spec"]
        for item in store().values()
        if item.type.endswith(":NetworkPolicy")
    }

    assert [{"from": [{"podSelector": {}}]}] == rules["seaweedfs-inside"]["ingress"]
    assert {} == rules["seaweedfs-inside"]["podSelector"]
    assert [{"ports": [{"protocol": "TCP", "port": 8333}]}] == rules["seaweedfs-s3"]["ingress"]
    assert {"app.kubernetes.io/component": "filer"} == rules["seaweedfs-s3"]["podSelector"]["matchLabels"]


def test_it_is_shown_when_the_bucket_is_there_and_installed_behind_its_fence() -> None:
    """The route waits for the Job, the Job for the release, the release for keys and rules."""
    graph = store()
    rule = "kubernetes:networking.k8s.io/v1:NetworkPolicy artifact-store-"

    assert {JOB, RELEASE} <= before(graph, ROUTE)
    assert {f"{rule}inside", f"{rule}s3", "kubernetes:core/v1:Secret artifact-store-admin"} <= before(graph, RELEASE)
    backend = graph[ROUTE].inputs["spec"]["rules"][0]["backendRefs"]
    assert [{"name": "seaweedfs-s3", "port": 8333}] == backend


@pytest.mark.parametrize(("tier", "protected"), [(Tier.DEV, False), (Tier.STAGING, True), (Tier.PROD, True)])
def test_data_goes_with_dev_only(tier: Tier, *, protected: bool) -> None:
    """Claims go with their namespace, and need what provides them: both are protected."""
    graph = store(tier)

    assert {protected} == {graph[name].protect for name in (RELEASE, "kubernetes:core/v1:Namespace artifact-store")}


def test_the_bucket_is_made_once_and_versioned(tmp_path: Path) -> None:
    """A second run leaves it alone: a bucket that is made again would forget what it is."""
    weed = Weed.install(tmp_path)
    job = store()[JOB].inputs
    assert 0 == weed.run(job, {}).returncode
    assert {BUCKET: "Enabled"} == weed.state["buckets"]

    weed.keep(weed.state | {"buckets": {BUCKET: "Suspended", f"{BUCKET}-2": "Enabled"}})
    assert 0 == weed.run(job, {}).returncode
    assert {BUCKET: "Enabled", f"{BUCKET}-2": "Enabled"} == weed.state["buckets"]
    assert [BUCKET] == weed.state["made"]


def test_another_bucket_whose_name_begins_alike_is_another_one(tmp_path: Path) -> None:
    """Names are compared whole."""
    weed = Weed.install(tmp_path)
    weed.keep(weed.state | {"buckets": {f"{BUCKET}-2": "Enabled"}})

    assert 0 == weed.run(store()[JOB].inputs, {}).returncode
    assert {BUCKET, f"{BUCKET}-2"} == set(weed.state["buckets"])


def test_a_bucket_that_was_not_made_is_an_error(tmp_path: Path) -> None:
    """The shell ends well whatever it said."""
    weed = Weed.install(tmp_path)
    (tmp_path / "weed").write_text("#!/bin/sh\necho error: no master\n")

    assert 0 != weed.run(store()[JOB].inputs, {}).returncode
