"""The plane itself: it is what it says, it heals, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes
from kubernetes.client.exceptions import ApiException

from components.node_pools.contract import EksManagedSpec
from tests.harness.cluster import crds
from tests.harness.cluster.nodes import node_of
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.programs import API_SERVER
from tests.harness.cluster.rest import AnswerError, Rest
from tests.harness.cluster.tools import MISSING, PROGRAMS, need_plane
from tests.harness.engine.tools import ROOT

GPU = EksManagedSpec(instance_types=("g5.xlarge",), max_size=1)
CPU = EksManagedSpec(instance_types=("m7i.large",), max_size=1)


def pod(name: str, image: str = "web", **fields: Any) -> dict[str, Any]:
    """A pod of one container."""
    container = {"name": "main", "image": image, **fields.pop("container", {})}
    metadata = {"name": name, "annotations": fields.pop("annotations", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container], **fields}}


@pytest.fixture(scope="module")
def nodes(plane: Plane) -> Plane:
    """The plane with a node of two pools, for whoever has no other."""
    core = kubernetes.CoreV1Api(plane.api())
    there = {node.metadata.name for node in core.list_node().items}
    wanted = [node_of("plane-cpu", CPU), node_of("plane-gpu", GPU)]
    plane.add_nodes(*(node for node in wanted if node["metadata"]["name"] not in there))
    return plane


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_the_programs_tests_skip_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, outcome: type[BaseException]
) -> None:
    """A laptop without Go skips with one line; CI does not turn green by looking away."""
    monkeypatch.setenv("CI", ci)
    (tmp_path / "bin").mkdir()
    for name in PROGRAMS[1:]:
        (tmp_path / "bin" / name).touch()

    with pytest.raises(outcome, match=r"run `make tools`") as told:
        need_plane(tmp_path)
    assert MISSING == str(told.value)


@pytest.mark.cluster
def test_it_says_which_release_it_is(plane: Plane) -> None:
    """Clients decide by the version what they may ask for: it is the pinned one, in all three places."""
    pinned = next(
        line.split()[1]
        for line in (ROOT / "tools" / "kubernetes" / "go.mod").read_text().splitlines()
        if line.startswith("require k8s.io/kubernetes ")
        for line in [line.removeprefix("require ")]
    )
    version = Rest(plane.api()).get("/version")

    assert pinned == version["gitVersion"]
    assert pinned.startswith(f"v{version['major']}.{version['minor']}.")


@pytest.mark.cluster
def test_pods_run_where_they_fit(nodes: Plane) -> None:
    """The scheduler is the real one: GPUs and taints decide, and a pod that fits nowhere says why."""
    core = kubernetes.CoreV1Api(nodes.api())
    gpu = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
    choice = {"stackwright/pool": "plane-gpu"}
    tolerations = [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    with nodes.namespace() as space:
        core.create_namespaced_pod(space, pod("fits", container=gpu, nodeSelector=choice, tolerations=tolerations))
        core.create_namespaced_pod(space, pod("tainted", container=gpu, nodeSelector=choice))
        running = nodes.eventually(lambda: _phase(core, space, "fits") == "Running", "a running pod")
        placed = core.read_namespaced_pod("fits", space).spec.node_name
        told = nodes.eventually(lambda: _unscheduled(core, space, "tainted"), "a reason")

    assert (True, "plane-gpu-0") == (running, placed)
    assert "untolerated taint" in told


@pytest.mark.cluster
def test_pods_behave_as_they_say(nodes: Plane) -> None:
    """Broken images, given reasons and given times."""
    core = kubernetes.CoreV1Api(nodes.api())
    choice = {"stackwright/pool": "plane-cpu"}
    with nodes.namespace() as space:
        began = time.monotonic()
        slow = {"plane.test/slow": "1500ms"}
        core.create_namespaced_pod(space, pod("slow", nodeSelector=choice, annotations=slow))
        core.create_namespaced_pod(space, pod("image", "acme.invalid/broken:1", nodeSelector=choice))
        crash = {"plane.test/waiting": "CrashLoopBackOff", "plane.test/message": "no database"}
        core.create_namespaced_pod(space, pod("crash", nodeSelector=choice, annotations=crash))
        image = nodes.eventually(lambda: _waiting(core, space, "image"), "a reason")
        crashed = nodes.eventually(lambda: _waiting(core, space, "crash"), "a reason")
        nodes.eventually(lambda: _phase(core, space, "slow") == "Running", "a pod that was slow")
        took = time.monotonic() - began

    assert ("ImagePullBackOff", "CrashLoopBackOff", "no database") == (image.reason, crashed.reason, crashed.message)
    assert took > 1.5


@pytest.mark.cluster
@pytest.mark.parametrize(("code", "expected"), [("0", "succeeded"), ("3", "failed")])
def test_jobs_end_as_they_say(nodes: Plane, code: str, expected: str) -> None:
    """By the exit code of their containers."""
    batch = kubernetes.BatchV1Api(nodes.api())
    one = pod(
        "one",
        annotations={"plane.test/exit": code},
        restartPolicy="Never",
        nodeSelector={"stackwright/pool": "plane-cpu"},
    )
    template = {"metadata": one["metadata"], "spec": one["spec"]}
    with nodes.namespace() as space:
        batch.create_namespaced_job(
            space, {"metadata": {"name": "job"}, "spec": {"template": template, "backoffLimit": 0}}
        )
        nodes.eventually(
            lambda: getattr(batch.read_namespaced_job("job", space).status, expected), f"a Job that {expected}"
        )


@pytest.mark.cluster
def test_accelerators_come_with_their_plugin(plane: Plane) -> None:
    """A node whose GPUs are announced by a device plugin has none before one runs there."""
    core = kubernetes.CoreV1Api(plane.api())
    plane.add_nodes(node_of("plugged", GPU, plugin=True))
    before = core.read_node("plugged-0").status.allocatable
    with plane.namespace() as space:
        announces = {"plane.test/announces": "nvidia.com/gpu"}
        tolerations = [{"operator": "Exists"}]
        core.create_namespaced_pod(
            space,
            pod("plugin", annotations=announces, tolerations=tolerations, nodeSelector={"stackwright/pool": "plugged"}),
        )
        after = plane.eventually(lambda: core.read_node("plugged-0").status.allocatable.get("nvidia.com/gpu"), "a GPU")
    core.delete_node("plugged-0")

    assert ("nvidia.com/gpu" in before, "1") == (False, after)


@pytest.mark.cluster
def test_volumes_are_there_for_who_needs_them(nodes: Plane) -> None:
    """A claim that waits for its first consumer is bound with the node of the pod."""
    core, storage = kubernetes.CoreV1Api(nodes.api()), kubernetes.StorageV1Api(nodes.api())
    name = "plane-late"
    storage.create_storage_class(
        {"metadata": {"name": name}, "provisioner": "disk.invalid", "volumeBindingMode": "WaitForFirstConsumer"}
    )
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "storageClassName": name,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    with nodes.namespace() as space:
        core.create_namespaced_persistent_volume_claim(space, claim)
        waits = core.read_namespaced_persistent_volume_claim("data", space).status.phase
        core.create_namespaced_pod(space, pod("web", volumes=volumes, nodeSelector={"stackwright/pool": "plane-cpu"}))
        nodes.eventually(lambda: _phase(core, space, "web") == "Running", "a pod with a volume")
        bound = core.read_namespaced_persistent_volume_claim("data", space).status.phase
    storage.delete_storage_class(name)

    assert ("Pending", "Bound") == (waits, bound)


@pytest.mark.cluster
def test_people_and_pods_sign_in(plane: Plane) -> None:
    """Certificates, tokens of the issuer, and tokens of service accounts are who they say, and may what RBAC says."""
    core = kubernetes.CoreV1Api(plane.api())
    with plane.namespace() as space:
        core.create_namespaced_service_account(space, {"metadata": {"name": "web"}})
        asked = core.create_namespaced_service_account_token("web", space, {"spec": {"audiences": []}})
        clients = {
            "ann": plane.client("ann", ["team"]),
            "oidc:repo:acme/churn": plane.client_by_token(
                plane.issuer.mint({"sub": "repo:acme/churn", "groups": ["ci"]})
            ),
            f"system:serviceaccount:{space}:web": plane.client_by_token(asked.status.token),
        }
        found = {expected: _who(client) for expected, client in clients.items()}
        refused = {_refusal(client, space) for client in clients.values()}

    assert {name: name for name in clients} == {name: who.username for name, who in found.items()}
    assert "oidc:ci" in found["oidc:repo:acme/churn"].groups
    assert {403} == refused


@pytest.mark.cluster
@pytest.mark.parametrize("claims", [{"aud": "somebody else"}, {"exp": 1}, {"iss": "https://other.invalid"}])
def test_other_tokens_are_refused(plane: Plane, claims: dict[str, Any]) -> None:
    """For another audience, too old, of another issuer."""
    client = plane.client_by_token(plane.issuer.mint({"sub": "repo:acme/churn", **claims}))

    assert 401 == _refusal(client, "default")


@pytest.mark.cluster
def test_custom_resources_are_those_of_their_projects(plane: Plane) -> None:
    """Every schema becomes a definition that the server takes, and refuses what is not in it."""
    crds.need_schemas()
    rest = Rest(plane.api())
    taken = [
        rest.apply(crd, "test", force=True, dry_run=True)["spec"]["names"]["kind"]
        for group in crds.groups()
        for crd in crds.definitions(group)
    ]
    plane.install_crds(["gateway.networking.k8s.io"])

    assert len(taken) == len({path.stem.partition("_")[0] for path in crds.SCHEMAS.glob("*/*.json")})
    route = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "web"}}
    with pytest.raises(AnswerError, match=r"\.spec\.hostnmaes: field not declared in schema"):
        rest.apply({**route, "spec": {"hostnmaes": ["a.example"]}}, "test")


@pytest.mark.cluster
def test_custom_resources_become_ready(plane: Plane) -> None:
    """As their operators would make them, with what those make beside."""
    plane.install_crds(["cert-manager.io", "gateway.networking.k8s.io"])
    rest = Rest(plane.api())
    with plane.namespace() as space:
        place = {"name": "web", "namespace": space}
        issuer = {"name": "acme", "kind": "ClusterIssuer"}
        rest.apply(
            {
                "apiVersion": "cert-manager.io/v1",
                "kind": "Certificate",
                "metadata": place,
                "spec": {"secretName": "tls", "dnsNames": ["web.example"], "issuerRef": issuer},
            },
            "test",
        )
        listeners = [{"name": "http", "port": 80, "protocol": "HTTP"}]
        gateway = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": place}
        rest.apply({**gateway, "spec": {"gatewayClassName": "any", "listeners": listeners}}, "test")
        plane.eventually(lambda: _true(rest, "cert-manager.io/v1", "Certificate", space, "Ready"), "a certificate")
        secret = kubernetes.CoreV1Api(plane.api()).read_namespaced_secret("tls", space)
        plane.eventually(lambda: _true(rest, gateway["apiVersion"], "Gateway", space, "Programmed"), "a gateway")

    assert "kubernetes.io/tls" == secret.type


@pytest.mark.slow
@pytest.mark.cluster
def test_it_is_the_same_after_a_restart(new_plane: Callable[[], AbstractContextManager[Plane]]) -> None:
    """The API server comes again with all that was there, also after it was killed, and after etcd was."""
    with new_plane() as plane:
        core = kubernetes.CoreV1Api(plane.api())
        with plane.namespace("stays") as space:
            pids = [plane.pid(API_SERVER)]
            for again in (plane.restart_api_server, lambda: plane.restart_api_server(kill=True)):
                again()
                pids.append(plane.pid(API_SERVER))
                assert "Active" == core.read_namespace(space).status.phase
            plane.restart("etcd", kill=True)
            plane.eventually(lambda: _answers(core, space), "what was there before")

    assert 3 == len(set(pids))


@pytest.mark.slow
@pytest.mark.cluster
def test_people_sign_in_as_a_configuration_says(new_plane: Callable[[], AbstractContextManager[Plane]]) -> None:
    """An issuer of the world is played by the plane's own."""
    url = "https://token.actions.githubusercontent.com"
    mapped = {"username": {"claim": "sub", "prefix": "github:"}}
    configuration = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [{"issuer": {"url": url, "audiences": ["acme"]}, "claimMappings": mapped}],
    }
    with new_plane() as plane:
        plane.trust(configuration)
        token = plane.issuer.mint({"sub": "repo:acme/churn", "aud": "acme"}, issuer=url)
        who = _who(plane.client_by_token(token))

    assert "github:repo:acme/churn" == who.username


@pytest.mark.cluster
@pytest.mark.parametrize("sent", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGKILL])
def test_nothing_stays_behind_a_run_that_is_interrupted(tmp_path: Path, sent: signal.Signals) -> None:
    """All programs end with the last process that used them, however that ended."""
    program = (
        "import signal, sys, time; from pathlib import Path; from tests.harness.cluster.running import using\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whoever is in the background ignores it
        "with using(Path(sys.argv[1])) as plane: print(plane.folder, flush=True); time.sleep(600)"
    )
    need_plane()
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    plane = Plane(Path(process.stdout.readline().strip()))
    pids = [plane.pid(name) for name in PROGRAMS]
    alive = [_is_alive(pid) for pid in pids]
    process.send_signal(sent)
    process.wait()
    plane.eventually(lambda: not any(_is_alive(pid) for pid in pids), "the end of all programs")

    assert [True] * len(PROGRAMS) == alive


def _phase(core: kubernetes.CoreV1Api, space: str, name: str) -> str:
    return core.read_namespaced_pod(name, space).status.phase


def _waiting(core: kubernetes.CoreV1Api, space: str, name: str) -> Any:
    found = core.read_namespaced_pod(name, space).status.container_statuses
    return found[0].state.waiting if found else None


def _unscheduled(core: kubernetes.CoreV1Api, space: str, name: str) -> str:
    conditions = core.read_namespaced_pod(name, space).status.conditions or []
    return next((item.message for item in conditions if item.type == "PodScheduled" and item.status == "False"), "")


def _who(client: kubernetes.ApiClient) -> Any:
    asked = kubernetes.AuthenticationV1Api(client).create_self_subject_review({})
    return asked.status.user_info


def _refusal(client: kubernetes.ApiClient, space: str) -> int:
    with pytest.raises(ApiException) as told:
        kubernetes.CoreV1Api(client).list_namespaced_secret(space)
    return told.value.status


def _true(rest: Rest, api: str, kind: str, space: str, type_: str) -> bool:
    (found,) = rest.items(api, kind, space)
    return any(
        item["type"] == type_ and item["status"] == "True" for item in found.get("status", {}).get("conditions", [])
    )


def _answers(core: kubernetes.CoreV1Api, space: str) -> bool:
    try:
        return core.read_namespace(space, _request_timeout=5).metadata.name == space
    except ApiException:
        return False


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" != Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
