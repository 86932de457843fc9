"""Why a rollout does not come to its end, and what a deployment says of it; the rest is in tests/cluster."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from components.errors import UserError
from components.model_deployer.contract import KubernetesSection
from pipelines.deploy.kubernetes import KubernetesDeployer
from pipelines.deploy.kubernetes_api import Objects
from pipelines.deploy.kubernetes_pods import Pod
from pipelines.project import ModelSettings
from pipelines.release.package import FileEntry, Package
from pipelines.release.pin import Pin
from stacks.contract import Contract
from tests.harness.cluster.serving import release
from tests.harness.documents import contract_document
from tests.harness.namespace import Namespace, Object, pod, waits

SETTINGS = ModelSettings(package="build", rows="rows", score=["score"], serve=["serve"])
NEW = release(2, "toy")[0].digest


def contract(**changes: Any) -> Contract:
    """Return the contract of dev."""
    document = contract_document()
    document["model_deployer"] |= changes
    return Contract.model_validate_json(json.dumps(document))


def deployer(namespace: Namespace, **changes: Any) -> KubernetesDeployer:
    """Return a deployer into a namespace in memory, without patience."""
    found = contract(**changes)
    section = found.model_deployer
    assert isinstance(section, KubernetesSection)
    return KubernetesDeployer(
        contract=found,
        section=section,
        cluster=cast("Objects", namespace),
        settings={"toy": SETTINGS, "Toy_1": SETTINGS},
        image=lambda pin: f"registry.acme.example/toy@{pin.image}",
        tell=lambda _: None,
        patience_seconds=0,
        poll_seconds=0,
        limit_seconds=1,
    )


def rolled_out(namespace: Namespace) -> None:
    """Let every Deployment be rolled out at once, with one pod."""
    for name, item in namespace.objects.get("Deployment", {}).items():
        item["status"] = {
            "observedGeneration": item["metadata"]["generation"],
            **dict.fromkeys(("updatedReplicas", "replicas", "availableReplicas"), 1),
        }
        digest = item["metadata"]["annotations"]["stackwright/digest"]
        namespace.objects["Pod"] = {name: pod("toy-1", digest, ready=True)}


def stuck(*pods: Object, **condition: str) -> Callable[[Namespace], None]:
    """Let the new release have these pods, and no more; the old pod stays as it is."""

    def react(namespace: Namespace) -> None:
        item = namespace.objects["Deployment"]["toy"]
        if item["metadata"]["annotations"]["stackwright/digest"] != NEW:
            rolled_out(namespace)
            return
        item["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
        item["status"] = {
            "observedGeneration": item["metadata"]["generation"],
            "conditions": [condition] if condition else [],
        }
        note = {"deployment.kubernetes.io/revision": "2"}
        labels = {"stackwright/model": "toy", "pod-template-hash": "1"}
        namespace.objects["ReplicaSet"] = {
            "toy-1": {"metadata": {"name": "toy-1", "labels": labels, "annotations": note}}
        }
        namespace.objects["Pod"] |= {item["metadata"]["name"]: item for item in pods}

    return react


DEADLINE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
LOG = "reading\nthe model cannot be loaded"
CASES: dict[str, tuple[Callable[[Namespace], None], str]] = {
    "crash": (
        stuck(pod("toy-2", NEW, waits("CrashLoopBackOff", "back-off 40s", restarts=3, code=1))),
        "toy-2: `server` CrashLoopBackOff (exit code 1, log: reading | the model cannot be loaded)",
    ),
    "fetch refuses": (
        stuck(
            pod("toy-2", NEW, initContainerStatuses=[waits("CrashLoopBackOff", restarts=2, code=1) | {"name": "fetch"}])
        ),
        "toy-2: `fetch` CrashLoopBackOff (exit code 1, log: not signed by this environment's key)",
    ),
    "between two crashes": (
        stuck(pod("toy-2", NEW, {"name": "server", "ready": False, "restartCount": 2, "state": {"running": {}}})),
        "toy-2: `server` was started again 2 times (log: reading | the model cannot be loaded)",
    ),
    "no image": (
        stuck(pod("toy-2", NEW, waits("ImagePullBackOff", 'Back-off pulling image "toy"') | {"name": "quiet"})),
        'toy-2: `quiet` ImagePullBackOff (Back-off pulling image "toy")',
    ),
    "evicted": (
        stuck(pod("toy-2", NEW, phase="Failed", reason="Evicted", message="The node was low on memory.")),
        "toy-2 has failed: The node was low on memory.",
    ),
    "quota": (
        stuck(type="ReplicaFailure", status="True", message='pods "toy-2" is forbidden:\nexceeded quota: project'),
        'no pod can be made: pods "toy-2" is forbidden: | exceeded quota: project',
    ),
    "no node": (
        stuck(
            pod("toy-2", NEW, conditions=[{"type": "PodScheduled", "status": "False", "message": "0/3 nodes"}]),
            **DEADLINE,
        ),
        "toy-2 finds no node: 0/3 nodes",
    ),
    "another digest": (
        stuck(pod("toy-2", NEW, {"name": "server", "ready": False, "state": {"running": {}}}), **DEADLINE),
        f"toy-2 does not answer as {NEW[:19]}; Readiness probe failed: 404; log: reading | the model cannot be loaded",
    ),
    "no controller": (
        stuck(**DEADLINE),
        "no pod was made in time; is the cluster's controller manager running?",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_failed_rollout_says_why_and_what_serves(case: str) -> None:
    """Which pod, which container, what its log said last; and that the old one serves."""
    namespace = Namespace(logs={"server": LOG, "fetch": "not signed by this environment's key\n"}, react=rolled_out)
    old = release(1, "toy")
    deployer(namespace).deploy(*old)
    event = {"metadata": {"name": "e"}, "lastTimestamp": "2026-01-01", "message": "Readiness probe failed: 404"}
    namespace.objects["Event"] = {"e": event}
    namespace.react, told = CASES[case]

    with pytest.raises(UserError) as caught:
        deployer(namespace).deploy(*release(2, "toy"))

    where = "namespace `project-toy`: Deployment `toy`"
    assert [f"{where}: {told}; {old[0].digest[:19]} keeps serving"] == caught.value.problems
    notes = namespace.objects["Deployment"]["toy"]["metadata"]["annotations"]
    assert (old[0].digest, False) == (notes["stackwright/digest"], "stackwright/returns-to" in notes)


def test_an_old_one_that_does_not_serve_either_is_said() -> None:
    """It is put back all the same."""
    namespace = Namespace(react=rolled_out)
    deployer(namespace).deploy(*release(1, "toy"))

    def lost(found: Namespace) -> None:
        CASES["crash"][0](found)
        found.objects["Pod"].pop("toy", None)

    namespace.react = lost
    with pytest.raises(UserError, match="is put back, and no pod of it is ready either"):
        deployer(namespace).deploy(*release(2, "toy"))


@pytest.mark.parametrize("kind", ["Service", "HorizontalPodAutoscaler", "Ingress", "HTTPRoute"])
def test_what_is_refused_around_a_first_deployment_leaves_nothing(kind: str) -> None:
    """Whichever object is not taken, what was made is removed."""
    way = {"gateway": "gateway/main", "class_name": None} if kind == "HTTPRoute" else {}
    namespace = Namespace(react=rolled_out, refuses=kind)

    with pytest.raises(UserError, match=f"{kind} `.*`: refused: not here; nothing was deployed before"):
        deployer(namespace, **way).deploy(*release(1, "toy"))

    assert not any(namespace.objects[made] for made in namespace.objects if made != "Pod")


def test_a_name_that_no_cluster_takes_is_refused() -> None:
    """Before anything is asked."""
    pin, package = release(1, "Toy_1")

    with pytest.raises(UserError) as caught:
        deployer(Namespace()).deploy(pin, package)

    told = "`Toy_1` cannot be a name in a cluster; use at most 63 lower-case letters, digits and hyphens"
    assert [f".stackwright.yaml: models: {told}"] == caught.value.problems


def test_in_the_middle_of_a_rollout_the_old_one_serves() -> None:
    """Both answer; as long as there are old pods, what serves is not what is wanted."""
    namespace = Namespace(react=rolled_out)
    deployer(namespace).deploy(*release(2, "toy"))
    old = release(1, "toy")[0].digest
    namespace.objects["Pod"]["old"] = pod("old", old, ready=True)

    found = deployer(namespace).serving("toy")

    assert found
    assert old == found.digest


def test_a_removal_that_does_not_end_is_told() -> None:
    """A pod that a lost node keeps."""
    namespace = Namespace(react=rolled_out)
    deployer(namespace).deploy(*release(1, "toy"))
    namespace.delete = lambda kind, name: True  # type: ignore[method-assign]
    namespace.objects["Deployment"]["toy"]["metadata"]["deletionTimestamp"] = "2026-01-01"
    namespace.objects["Service"].clear()

    with pytest.raises(UserError, match=re.escape("is not gone after 0 s; look at its pods, then run this again")):
        replace(deployer(namespace), stop_seconds=0).remove("toy")


def spec(secret: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return what a pod runs."""
    found = contract(**changes)
    section = found.model_deployer
    assert isinstance(section, KubernetesSection)
    pin = release(1, "toy")[0]
    return Pod(found, section, pin, SETTINGS, f"registry.acme.example/toy@{pin.image}", 100 << 20, secret).spec()


def test_a_pod_fetches_before_it_serves_and_only_reads_what_it_fetched() -> None:
    """One image, two words; the digest is in the words of one and in the probes of the other."""
    pin = release(1, "toy")[0]

    (fetch,), (server,) = spec()["initContainers"], spec()["containers"]

    folder = f"/packages/{pin.digest[7:]}"
    package = f"s3://acme-dev-artifacts-123456789012/toy/models/sha256/{pin.digest[7:]}"
    said = [
        "fetch",
        "--package",
        package,
        "--signature",
        f"{package}.dev.sig",
        "--digest",
        pin.digest,
        "--into",
        folder,
    ]
    assert said == fetch["args"]
    assert ["serve", "--package", folder, "--model", "toy"] == server["args"][:5]
    assert {"name": "packages", "mountPath": "/packages", "readOnly": True} in server["volumeMounts"]
    path = f"/v2/models/toy/versions/{pin.digest}/ready"
    assert [path, path] == [server[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "readiness")]
    assert fetch["image"] == server["image"]


def test_a_pod_has_room_for_its_package_and_no_more() -> None:
    """What it writes is counted; its root is read-only."""
    found = spec()

    assert {"packages": "116Mi", "predictions": "1024Mi", "tmp": "64Mi"} == {
        item["name"]: item["emptyDir"]["sizeLimit"] for item in found["volumes"]
    }
    containers = [*found["initContainers"], *found["containers"]]
    assert all(item["securityContext"]["readOnlyRootFilesystem"] for item in containers)
    assert {"requests": {"cpu": "250m", "memory": "1024Mi"}, "limits": {"memory": "1024Mi"}} == containers[1][
        "resources"
    ]


def test_keys_to_the_store_come_from_the_secret_that_the_contract_names() -> None:
    """Or, where it names none, from the identity of the pod."""
    named = spec(models_secret="models-storage")

    assert [[{"secretRef": {"name": "models-storage"}}]] * 2 == [
        item["envFrom"] for item in (*named["initContainers"], *named["containers"])
    ]
    assert "envFrom" not in spec()["containers"][0]


def test_a_pod_logs_to_where_monitoring_reads() -> None:
    """What waits for the store has half of its volume, and the end has time for the rest of it."""
    found = spec()
    words = found["containers"][0]["args"]
    said = dict(zip(words[1::2], words[2::2], strict=True))

    assert "s3://acme-dev-artifacts-123456789012/toy/predictions/toy" == said["--prediction-log"]
    assert ("/predictions", "512", "$(POD_NAME)") == (said["--spool"], said["--spool-mib"], said["--instance"])
    rests = found["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert found["terminationGracePeriodSeconds"] - rests >= 20 + 25


def key_of(container: dict[str, Any]) -> list[Any]:
    """Return whence a container has the key of the log's hashes."""
    return [item.get("valueFrom") for item in container["env"] if item["name"] == "PREDICTION_LOG_KEY"]


def test_the_key_of_hashes_is_the_servers_alone() -> None:
    """The container that fetches needs it not, and a model that hashes nothing has none."""
    found = spec("prediction-log")

    assert [{"secretKeyRef": {"name": "prediction-log", "key": "key"}}] == key_of(found["containers"][0])
    assert [] == key_of(found["initContainers"][0]) == key_of(spec()["containers"][0])


def hashing(folder: Path, signature: str) -> tuple[Pin, Package]:
    """Return a release whose package has a signature."""
    pin, _ = release(1, "toy")
    (folder / "signature.json").write_text(signature)
    return pin, Package(folder, pin.digest, (FileEntry(path="signature.json", size=1, sha256="0" * 64),))


@pytest.mark.parametrize(
    ("personal", "named"),
    [({"age": "hash", "name": "drop"}, True), ({"name": "drop"}, False), ({}, False)],
    ids=["hash", "drop", "nothing"],
)
def test_a_model_that_hashes_a_column_gets_the_key(personal: dict[str, str], named: bool, tmp_path: Path) -> None:
    """Its package says so; the contract says which Secret has the key."""
    namespace = Namespace(react=rolled_out)
    release_ = hashing(tmp_path, json.dumps({"inputs": [], "personal": personal}))

    deployer(namespace, prediction_log_secret="prediction-log").deploy(*release_)

    (container,) = namespace.objects["Deployment"]["toy"]["spec"]["template"]["spec"]["containers"]
    assert named is bool(key_of(container))


def test_without_a_key_what_hashes_is_not_deployed(tmp_path: Path) -> None:
    """A stack that is older than the key has to be updated first; what hashes nothing does not ask for it."""
    namespace = Namespace(react=rolled_out)

    with pytest.raises(UserError) as caught:
        deployer(namespace).deploy(*hashing(tmp_path, '{"personal": {"b": "hash", "a": "hash"}}'))

    (told,) = caught.value.problems
    assert told.startswith(
        "model `toy` hashes a, b in its prediction log, and the contract names no Secret with the key"
    )
    assert not any(namespace.objects.values())
    deployer(namespace).deploy(*hashing(tmp_path, '{"personal": {"a": "drop"}}'))


@pytest.mark.parametrize(
    ("text", "told"), [("{", "not JSON"), ('{"personal": ["a"]}', "personal: expected a mapping"), ("[]", "personal")]
)
def test_a_signature_that_says_nothing_clear_is_refused(text: str, told: str, tmp_path: Path) -> None:
    """Nobody guesses what may be logged."""
    with pytest.raises(UserError, match=told):
        deployer(Namespace(), prediction_log_secret="prediction-log").deploy(*hashing(tmp_path, text))
