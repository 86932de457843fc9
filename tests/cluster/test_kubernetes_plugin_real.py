"""The Kubernetes stand-in on a real control plane, without the engine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from pulumi.provider.experimental import provider as engine

from components.node_pools.contract import EksManagedSpec
from tests.harness.cluster.crds import need_schemas
from tests.harness.cluster.nodes import node_of
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import AnswerError, Rest
from tests.harness.kubernetes_plugin.objects import MissingError, RefusedError
from tests.harness.kubernetes_plugin.provider import KubernetesStandIn
from tests.harness.kubernetes_plugin.waiting import UnreadyError, asked_seconds
from tests.harness.plugin.wire import wire

pytestmark = pytest.mark.cluster

POOL = EksManagedSpec(instance_types=("m7i.large",), max_size=1)
LABELS = {"app": "web"}
BROKEN = "acme.invalid/broken:1"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"


@pytest.fixture(scope="module")
def real(plane: Plane) -> Plane:
    """The plane with a node for the pods of these tests."""
    core = client.CoreV1Api(plane.api())
    if "direct-0" not in {node.metadata.name for node in core.list_node().items}:
        plane.add_nodes(node_of("direct", POOL))
    return plane


@pytest.fixture
def space(real: Plane) -> Generator[str]:
    """A namespace of a test's own."""
    with real.namespace("direct") as name:
        yield name


@pytest.fixture
def plugin(real: Plane, tmp_path: Path) -> KubernetesStandIn:
    """A provider whose kubeconfig leads to the plane."""
    return stand_in(tmp_path, kubeconfig=real.kubeconfig().read_text())


def stand_in(folder: Path, **settings: Any) -> KubernetesStandIn:
    """A configured provider."""
    folder.mkdir(exist_ok=True)
    made = KubernetesStandIn(folder)
    request = engine.ConfigureRequest({}, wire(settings, set()), accept_secrets=True, accept_resources=True)
    asyncio.run(made.configure(request))
    return made


def a(kind: str, space: str = "", name: str = "web", **fields: Any) -> tuple[str, dict[str, Any]]:
    """An object: its token and inputs."""
    version, _, short = kind.rpartition(":")
    place = {"namespace": space} if space else {}
    metadata = {"name": name, **place, **fields.pop("metadata", {})}
    return f"kubernetes:{kind}", {
        "apiVersion": version.removeprefix("core/"),
        "kind": short,
        "metadata": metadata,
        **fields,
    }


def pods(image: str = "web:1", annotations: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """What pods are made from."""
    spec = {"containers": [{"name": "web", "image": image}], "nodeSelector": {"stackwright/pool": "direct"}, **fields}
    return {"metadata": {"labels": LABELS, "annotations": annotations or {}}, "spec": spec}


def deployment(space: str, metadata: dict[str, Any] | None = None, **fields: Any) -> tuple[str, dict[str, Any]]:
    """A Deployment."""
    spec = {"replicas": 1, "selector": {"matchLabels": LABELS}, "template": pods(**fields)}
    return a("apps/v1:Deployment", space, metadata=metadata or {}, spec=spec)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """As if the program gave so much time."""
    token = asked_seconds.set(seconds)
    yield
    asked_seconds.reset(token)


def test_a_job_that_fails_is_not_waited_for_any_longer(plugin: KubernetesStandIn, space: str) -> None:
    """With what its pod said at the end."""
    said = {"plane.test/exit": "1", "plane.test/message": "no such table"}
    spec = {"backoffLimit": 0, "template": pods(annotations=said, restartPolicy="Never")}
    began = time.monotonic()
    with within(300), pytest.raises(UnreadyError, match=rf"Job {space}/web: made, but not ready: BackoffLimitExceeded"):
        plugin.make(*a("batch/v1:Job", space, spec=spec))

    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"image": BROKEN}, f"container web: ImagePullBackOff: ImagePullBackOff of {BROKEN}"),
        ({"annotations": {"plane.test/waiting": "CrashLoopBackOff"}}, "container web: CrashLoopBackOff"),
        ({"nodeSelector": {"machines": "none"}}, "Unschedulable: .*didn't match Pod's node affinity/selector"),
        ({"serviceAccountName": "nobody"}, 'FailedCreate: .*serviceaccount "nobody" not found'),
    ],
    ids=["image", "crash", "machines", "account"],
)
def test_what_is_never_ready_is_told_with_its_reason(
    plugin: KubernetesStandIn, space: str, fields: dict[str, Any], told: str
) -> None:
    """In the words of kubelet, scheduler and controllers, within the time that the object gives."""
    began = time.monotonic()
    with pytest.raises(UnreadyError, match=rf"0 of 1 replicas are ready(.|\n)*{told}"):
        plugin.make(*deployment(space, {"annotations": {"pulumi.com/timeoutSeconds": "4"}}, **fields))

    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("core/v1:Service", {"spec": {"selector": LABELS, "ports": [{"port": 80}]}}, "no pod that is ready matches"),
        (
            "networking.k8s.io/v1:Ingress",
            {
                "metadata": {"annotations": {"plane.test/never": "true"}},
                "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}},
            },
            "no address",
        ),
    ],
)
def test_services_and_ingresses_wait_for_what_is_behind_them(
    plugin: KubernetesStandIn, space: str, kind: str, fields: dict[str, Any], told: str
) -> None:
    """A Service for its pods, an Ingress for its address."""
    with within(1), pytest.raises(UnreadyError, match=told):
        plugin.make(*a(kind, space, **fields))


def test_some_are_not_waited_for(real: Plane, plugin: KubernetesStandIn, space: str) -> None:
    """Those that say so, and claims that wait for a pod themselves."""
    late = a("storage.k8s.io/v1:StorageClass", name=f"late-{space}", provisioner="disk.invalid")
    plugin.make(late[0], {**late[1], "volumeBindingMode": "WaitForFirstConsumer"})
    asked = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claim = a("core/v1:PersistentVolumeClaim", space, spec={"storageClassName": f"late-{space}", **asked})
    began = time.monotonic()
    plugin.make(*deployment(space, {"annotations": {"pulumi.com/skipAwait": "true"}}, image=BROKEN))
    plugin.make(*claim)
    plugin.remove(late[0], f"late-{space}", late[1])

    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (a("gateway.networking.k8s.io/v1:HTTPRoute", spec={"hostnmaes": ["a"]}), r"\.spec\.hostnmaes: field not decl"),
        (a("elbv2.k8s.aws/v1:IngressClassParams", spec={}), 'no matches for kind "IngressClassParams"'),
        (a("core/v1:ConfigMap", name="Not_A_Name"), "a lowercase RFC 1123 subdomain"),
        (a("core/v1:ConfigMap", metadata={"namespace": "nowhere"}), 'namespaces "nowhere" not found'),
    ],
    ids=["field", "kind", "name", "namespace"],
)
def test_the_api_server_refuses(
    real: Plane, plugin: KubernetesStandIn, made: tuple[str, dict[str, Any]], told: str
) -> None:
    """In its own words."""
    need_schemas()
    real.install_crds(["gateway.networking.k8s.io"])
    with pytest.raises(RefusedError, match=told):
        plugin.make(*made)


def test_what_is_there_is_not_taken_over(real: Plane, plugin: KubernetesStandIn, space: str, tmp_path: Path) -> None:
    """Another stack's object stays that stack's."""
    one = a("core/v1:ServiceAccount", space, metadata={"labels": {"color": "blue"}})
    plugin.make(*one)
    other = stand_in(tmp_path / "other", kubeconfig=real.kubeconfig().read_text())

    with pytest.raises(RefusedError, match=f"ServiceAccount {space}/web: already exists"):
        other.make(*one)
    with pytest.raises(RefusedError, match=r"conflict with \"pulumi-kubernetes-.*\.metadata\.labels\.color"):
        other.alter(one[0], "", a("core/v1:ServiceAccount", space, metadata={"labels": {"color": "green"}})[1], set())


def test_a_change_by_hand_is_found_and_its_owner_is_named(real: Plane, plugin: KubernetesStandIn, space: str) -> None:
    """What somebody else owns is not taken from them, unless the object says so."""
    kind, inputs = a("core/v1:ServiceAccount", space, metadata={"labels": {"color": "blue"}})
    id_ = plugin.make(kind, inputs)
    by_hand = {**inputs, "metadata": {**inputs["metadata"], "labels": {"color": "red", "by": "hand"}}}
    Rest(real.api()).apply(by_hand, "ann", force=True)
    found = plugin.current(inputs["metadata"], plugin.look(kind, id_, inputs)["metadata"])

    with pytest.raises(RefusedError, match=r'conflict with "ann".*\.metadata\.labels\.color'):
        plugin.alter(kind, id_, inputs, set())
    forced = {**inputs["metadata"], "annotations": {"pulumi.com/patchForce": "true"}}
    plugin.alter(kind, id_, {**inputs, "metadata": forced}, set())
    labels = plugin.look(kind, id_, inputs)["metadata"]["labels"]
    assert ({"color": "red"}, {"color": "blue", "by": "hand"}) == (found["labels"], labels)


def test_what_is_dropped_from_an_object_goes(plugin: KubernetesStandIn, space: str) -> None:
    """A field that was applied, and is not any longer."""
    kind, inputs = a("core/v1:ConfigMap", space, data={"a": "1", "b": "2"})
    id_ = plugin.make(kind, inputs)
    plugin.alter(kind, id_, {**inputs, "data": {"a": "1"}}, {"data"})

    assert {"a": "1"} == plugin.look(kind, id_, inputs)["data"]


def test_the_same_in_other_words_is_no_change(plugin: KubernetesStandIn, space: str) -> None:
    """Defaults, quantities in other units, empty fields, data given as text."""
    limits = {"resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}}
    mounts = {"volumeMounts": [{"name": "tmp", "mountPath": "/tmp", "readOnly": False}]}
    containers = [{"name": "web", "image": "web:1", **limits, **mounts}]
    given = deployment(space, containers=containers, volumes=[{"name": "tmp", "emptyDir": {}}])
    secret = a("core/v1:Secret", space, stringData={"key": "value"}, metadata={"labels": {}})
    for kind, inputs in (given, secret):
        live = plugin.look(kind, plugin.make(kind, inputs), inputs)
        assert inputs == {key: plugin.current(value, live[key]) for key, value in inputs.items()}


def test_a_namespace_that_is_deleted_is_really_gone(real: Plane, plugin: KubernetesStandIn, space: str) -> None:
    """Also with things in it that no program knows; the next life begins at once."""
    name, core = f"{space}-own", client.CoreV1Api(real.api())
    given = a("core/v1:Namespace", name=name)
    plugin.make(*given)
    plugin.make(*a("core/v1:ConfigMap", name, data={"a": "b"}))
    core.create_namespaced_config_map(name, {"metadata": {"name": "by-hand"}})
    plugin.remove(given[0], name, given[1])
    with pytest.raises(MissingError):
        plugin.look(given[0], name, given[1])
    assert name == plugin.make(*given)
    plugin.remove(given[0], name, given[1])


def test_what_does_not_go_is_told(real: Plane, plugin: KubernetesStandIn, space: str) -> None:
    """A finalizer that nobody takes away is named; when somebody does, what is gone is gone."""
    kind, inputs = a("core/v1:ServiceAccount", space, metadata={"finalizers": ["plane.test/held"]})
    id_ = plugin.make(kind, inputs)
    with within(1), pytest.raises(TimeoutError, match=r"deleted, but not gone: finalizer `plane\.test/held`"):
        plugin.remove(kind, id_, inputs)
    path = f"/api/v1/namespaces/{space}/serviceaccounts/web"
    Rest(real.api()).merge(path, {"metadata": {"finalizers": None}})

    with pytest.raises(MissingError) as told:
        plugin.remove(kind, id_, inputs)
    assert plugin.is_gone(told.value)


def test_a_release_is_what_helm_keeps_and_brings_what_its_chart_declares(
    real: Plane, plugin: KubernetesStandIn, space: str
) -> None:
    """Its definitions outlive it, as Helm leaves them."""
    need_schemas()
    kind = "kubernetes:helm.sh/v3:Release"
    inputs = {"name": "cert-manager", "namespace": space, "chart": "cert-manager", "version": "v1", "values": {"a": 1}}
    rest = Rest(real.api())
    id_ = plugin.make(kind, inputs)
    (kept,) = rest.items("v1", "Secret", space, labelSelector="owner=helm")
    live = plugin.look(kind, id_, inputs)
    issuer = a("cert-manager.io/v1:Issuer", space, metadata={"annotations": {"pulumi.com/waitFor": "condition=Ready"}})
    plugin.make(issuer[0], {**issuer[1], "spec": {"selfSigned": {}}})
    plugin.remove(kind, id_, inputs)

    assert ("sh.helm.release.v1.cert-manager.v1", "helm.sh/release.v1") == (kept["metadata"]["name"], kept["type"])
    assert ({"a": 1}, "deployed") == (live["values"], live["status"]["status"])
    assert [] == rest.items("v1", "Secret", space, labelSelector="owner=helm")
    assert rest.get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/issuers.cert-manager.io")
    with pytest.raises(MissingError):
        plugin.look(kind, id_, inputs)


@pytest.mark.parametrize(
    ("context", "told"), [("acme-dev", None), ("other", "contexts: no `other`")], ids=["named", "other"]
)
def test_a_context_is_that_of_whoever_runs_it(
    real: Plane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: str, context: str, told: str | None
) -> None:
    """The provider says which context it means; `$KUBECONFIG` says how it is reached, and nothing else does."""
    one = stand_in(tmp_path, context=context)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(ConnectionError, match="kubeconfig: missing"):
        one.make(*a("core/v1:ConfigMap", space))
    monkeypatch.setenv("KUBECONFIG", str(real.kubeconfig("acme-dev")))
    if told:
        with pytest.raises(ConnectionError, match=told):
            one.make(*a("core/v1:ConfigMap", space))
    else:
        assert f"{space}/web" == one.make(*a("core/v1:ConfigMap", space))


def test_whoever_may_not_is_refused(real: Plane, tmp_path: Path, space: str) -> None:
    """The plugin is whoever its kubeconfig says."""
    somebody = stand_in(tmp_path, kubeconfig=real.kubeconfig(user="somebody").read_text())
    with pytest.raises(RefusedError, match='User "somebody" cannot'):
        somebody.make(*a("core/v1:ConfigMap", space))
    with pytest.raises(AnswerError, match="not found"):
        Rest(real.api()).get(f"/api/v1/namespaces/{space}/configmaps/web")
