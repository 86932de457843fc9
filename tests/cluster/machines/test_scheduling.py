"""Which pod lands on which machine: nodes from the pools of the examples, decided by the real scheduler."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from kubernetes import client as kubernetes

from components.cluster_services import values
from components.cluster_services.contract import services_spec
from components.node_pools.contract import EksManagedSpec, ExistingSpec, default_system_pool, device_plugin_needed
from components.recording import RecordedResource
from stacks.environment.spec import EnvironmentSpec
from tests.harness.cluster.device_plugin import CHART, daemon_set
from tests.harness.cluster.graphs import environment_resources, spec_of
from tests.harness.cluster.nodes import node_of
from tests.harness.cluster.placing import Placement, add_known_nodes, container, decided, place, placed, pod
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import Rest

pytestmark = pytest.mark.cluster

GPU = "nvidia.com/gpu"
NODES = 2
"""Nodes of each pool."""

Pools = Mapping[str, EksManagedSpec | ExistingSpec]


@dataclass(frozen=True)
class Cluster:
    """A cluster with machines of every pool."""

    plane: Plane
    namespace: str
    """Where pods go."""
    pools: Pools
    plugin: Mapping[str, Any] | None
    """Values of the device plugin; none where the cluster has one."""
    before: dict[str, Placement] = field(default_factory=dict)
    """Pool -> what was decided of a job for it while there was no device plugin."""
    reached: set[str] = field(default_factory=set)
    """Nodes on which the device plugin runs."""

    def pool_of(self, node: str) -> str:
        """Return whose machine a node is."""
        return node.rpartition("-")[0]

    @property
    def with_gpus(self) -> list[str]:
        """The pools with GPUs."""
        return [name for name, spec in self.pools.items() if spec.accelerators]

    @property
    def waiting_for_plugin(self) -> list[str]:
        """The pools whose GPUs reach no pod without the device plugin."""
        return [name for name, spec in self.pools.items() if self.plugin is not None and device_plugin_needed(spec)]

    def promised(self, pool: str) -> dict[str, Any]:
        """Return how pods choose a pool."""
        spec = self.pools[pool]
        return {
            "labels": spec.node_labels(pool),
            "taints": [taint.model_dump() for taint in spec.node_taints],
            "accelerators": spec.accelerators,
        }

    def start(self) -> None:
        """Make the machines, look whether jobs find GPUs, and install the device plugin."""
        for name in self.pools:
            later = name in self.waiting_for_plugin
            nodes = [node_of(name, self.pools[name], number, plugin=later) for number in range(NODES)]
            add_known_nodes(self.plane, self.namespace, *nodes)
        for name in self.waiting_for_plugin:
            self.before[name] = place(self.plane, self.namespace, job(self.promised(name)))
        if self.plugin is not None:
            self.reached.update(_installed(self.plane, self.plugin))

    def clear(self) -> None:
        """Take everything away again."""
        rest = Rest(self.plane.api())
        if self.plugin is not None:
            rest.delete(f"/apis/apps/v1/namespaces/kube-system/daemonsets/{CHART}")
            self.plane.eventually(lambda: not rest.items("v1", "Pod", "kube-system"), "no device plugin")
        for node in rest.items("v1", "Node"):
            rest.delete(f"/api/v1/nodes/{node['metadata']['name']}")


def _installed(plane: Plane, given: Mapping[str, Any]) -> set[str]:
    """Install the device plugin, and return where it runs."""
    Rest(plane.api()).apply(daemon_set(given, "kube-system"), "test")
    apps, core = kubernetes.AppsV1Api(plane.api()), kubernetes.CoreV1Api(plane.api())

    def is_settled() -> bool:
        found = apps.read_namespaced_daemon_set_status(CHART, "kube-system")
        seen = found.status.observed_generation == found.metadata.generation
        return seen and found.status.number_ready == found.status.desired_number_scheduled

    plane.eventually(is_settled, "a device plugin that is ready")
    pods = core.list_namespaced_pod("kube-system", label_selector=f"app.kubernetes.io/name={CHART}").items
    return {item.spec.node_name for item in pods}


def _plugin(resources: Iterable[RecordedResource]) -> Mapping[str, Any] | None:
    found = [item.inputs["values"] for item in resources if str(item.inputs.get("chart")).endswith(CHART)]
    return found[0] if found else None


BOTTLEROCKET: Pools = {
    "system": default_system_pool(),
    "cpu": EksManagedSpec(instance_types=("m7i.xlarge",), max_size=3),
    "gpu": EksManagedSpec(instance_types=("g6.xlarge",), max_size=3),
    "inference": EksManagedSpec(instance_types=("g6.xlarge",), ami_type="BOTTLEROCKET_x86_64_NVIDIA", max_size=3),
}
"""Pools with GPUs, of which one has an image with a device plugin of its own."""


PLAIN = ExistingSpec(flavor="existing", labels={"acme.example/machines": "plain"}, cpu=4, memory_gib=16, max_size=2)
"""Machines that no pool of a cluster of somebody else describes: what chooses none runs there."""


def _example(shape: str, environment: str) -> tuple[Pools, Mapping[str, Any] | None]:
    spec = spec_of(shape, environment)
    pools = spec.pools if isinstance(spec, EnvironmentSpec) else {"plain": PLAIN, **spec.node_pools}
    return pools, _plugin(environment_resources(shape, environment))


def _with_bottlerocket() -> tuple[Pools, Mapping[str, Any] | None]:
    return BOTTLEROCKET, values.device_plugin(services_spec(BOTTLEROCKET).pools_with_own_plugin)


CLUSTERS: dict[str, Callable[[], tuple[Pools, Mapping[str, Any] | None]]] = {
    **{
        f"{shape} {environment}": lambda shape=shape, environment=environment: _example(shape, environment)
        for shape, environment in itertools.product(("aws", "kubernetes"), ("dev", "prod"))
    },
    "bottlerocket": _with_bottlerocket,
}


@pytest.fixture(scope="module", params=CLUSTERS)
def cluster(request: pytest.FixtureRequest, machines: Plane, namespace: str) -> Generator[Cluster]:
    """The machines of each example, and of a cluster of two images."""
    made = Cluster(machines, namespace, *CLUSTERS[request.param]())
    made.start()
    yield made
    made.clear()


def job(promised: Mapping[str, Any], **resources: str) -> dict[str, Any]:
    """Return a pod that chooses a pool as the platform's document says, with all accelerators of a machine."""
    accelerators = {name: str(count) for name, count in promised["accelerators"].items()}
    tolerations = [{**taint, "operator": "Equal"} for taint in promised["taints"]]
    asked = {"cpu": "100m", "memory": "64Mi", **accelerators, **resources}
    return {"nodeSelector": promised["labels"], "tolerations": tolerations, "containers": [container(asked)]}


def test_the_device_plugin_reaches_every_node_that_needs_it_and_no_other(cluster: Cluster) -> None:
    """Before it is there a job finds no GPU, and after that it does; nodes with a plugin of their own get none."""
    waiting = cluster.waiting_for_plugin

    assert {f"{name}-{number}" for name, number in itertools.product(waiting, range(NODES))} == cluster.reached
    assert waiting == list(cluster.before)
    for name, found in cluster.before.items():
        assert (None, True) == (found.node, f"Insufficient {GPU}" in found.reason)
        with pod(cluster.plane, cluster.namespace, job(cluster.promised(name))) as made:
            assert name == cluster.pool_of(placed(cluster.plane, cluster.namespace, made))


def test_a_gpu_job_lands_only_on_its_pool(cluster: Cluster) -> None:
    """One job a machine finds a place on its pool; one more waits, whatever room there is elsewhere."""
    for name in cluster.with_gpus:
        with ExitStack() as jobs:
            made = [
                jobs.enter_context(pod(cluster.plane, cluster.namespace, job(cluster.promised(name))))
                for _ in range(NODES)
            ]
            nodes = [placed(cluster.plane, cluster.namespace, each) for each in made]
            more = place(cluster.plane, cluster.namespace, job(cluster.promised(name)))

        assert {f"{name}-{number}" for number in range(NODES)} == set(nodes)
        assert (None, True) == (more.node, f"Insufficient {GPU}" in more.reason)


def test_a_cpu_pod_never_lands_on_a_gpu_node(cluster: Cluster) -> None:
    """Pods that ask for nothing special fill the other machines to the last core, and then wait."""
    with ExitStack() as pods:
        nodes = list(_filled(cluster, pods))

    assert nodes
    assert {cluster.pool_of(node) for node in nodes} == set(cluster.pools) - set(cluster.with_gpus)


def _filled(cluster: Cluster, pods: ExitStack) -> Iterator[str]:
    """Make pods until one waits, and yield where they are."""
    for _ in range(500):
        made = pods.enter_context(pod(cluster.plane, cluster.namespace, {"containers": [container({"cpu": "900m"})]}))
        found = decided(cluster.plane, cluster.namespace, made)
        if found.node is None:
            assert "untolerated taint" in found.reason
            return
        yield found.node
    pytest.fail("every one of 500 pods found a place")


def test_a_pod_that_chooses_a_pool_without_gpus_gets_it(cluster: Cluster) -> None:
    """Labels alone lead there."""
    for name in set(cluster.pools) - set(cluster.with_gpus):
        found = place(cluster.plane, cluster.namespace, job(cluster.promised(name)))
        assert (name, "") == (cluster.pool_of(found.node or "none-0"), found.reason)
