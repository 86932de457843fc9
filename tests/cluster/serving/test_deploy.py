"""Serving on a cluster: the API server, the admission rules and the controllers are real, the pods are simulated.

That a pod which serves another digest is never ready is decided by a server: tests/templates/test_image_runs.py.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Generator
from dataclasses import replace

import pytest
from kubernetes import client as kubernetes

from components.errors import UserError
from pipelines.deploy.kubernetes_state import condition
from tests.harness.cluster.rest import Rest
from tests.harness.cluster.serving import Home, paths, release, waiting
from tests.harness.command import stackwright
from tests.harness.documents import contract_document
from tests.harness.project import Toy
from tests.harness.registry import registry

pytestmark = pytest.mark.cluster


def test_the_first_deployment(each_home: Home) -> None:
    """Nothing is there before; afterwards one pod serves, a route leads to it, and everything says what it is."""
    home = each_home
    pin, package = release(1)
    home.behaviour[pin.digest] = {"plane.test/slow": "1s"}

    endpoint = home.deployer().deploy(pin, package)

    assert (f"https://{home.host}", pin.digest, pin.image) == (endpoint.url, endpoint.digest, endpoint.image)
    assert endpoint == home.deployer().serving("churn")
    assert ["churn"] == home.deployer().deployed()
    assert [pin.digest] == home.served()
    found = home.objects()["Deployment/churn"]
    assert ("churn", "1") == tuple(found["metadata"]["labels"][f"stackwright/{name}"] for name in ("model", "release"))
    notes = found["metadata"]["annotations"]
    assert (pin.digest, pin.commit) == tuple(notes[f"stackwright/{name}"] for name in ("digest", "commit"))
    assert "stackwright/returns-to" not in notes
    assert {"churn: 0 of 1 new, 0 available", "churn: 1 of 1 new, 0 available"} & set(home.told)


def test_the_route_is_one_with_a_path_for_each_model(each_home: Home) -> None:
    """The paths of the protocol, below the project's host; removing a model removes its path alone."""
    home = each_home
    home.deployer().deploy(*release(1))
    home.deployer().deploy(*release(1, "lapse"))

    assert ["/v2/models/churn", "/v2/models/lapse"] == paths(home)
    home.deployer().remove("lapse")
    assert ["/v2/models/churn"] == paths(home)
    assert ["churn"] == home.deployer().deployed()


def test_deploying_again_changes_nothing(each_home: Home) -> None:
    """Resource versions stand still."""
    home = each_home
    home.deployer().deploy(*release(1))
    before = settle_down(home)

    home.deployer().deploy(*release(1))

    assert before == home.versions()


def settle_down(home: Home) -> dict[str, str]:
    """Return the resource versions, once no controller writes any more."""
    seen = [home.versions()]

    def quiet() -> bool:
        seen.append(home.versions())
        return len(seen) > 8 and all(item == seen[-1] for item in seen[-8:])

    home.plane.eventually(quiet, "objects that stand still", 60)
    return seen[-1]


def test_an_upgrade_and_its_way_back(home: Home) -> None:
    """A new pin takes over; the pin before, deployed again, does so too, and is what it was."""
    home.deployer().deploy(*release(1))
    first = home.objects()["Deployment/churn"]["spec"]
    home.deployer().deploy(*release(2))
    assert [release(2)[0].digest] == home.served()

    home.deployer().deploy(*release(1))

    assert [release(1)[0].digest] == home.served()
    assert first == home.objects()["Deployment/churn"]["spec"]


def test_another_image_of_the_same_package_takes_over(home: Home) -> None:
    """The code that serves is a part of what is pinned."""
    pin, package = release(1)
    before = home.deployer().deploy(pin, package)

    after = home.deployer().deploy(pin.model_copy(update={"image": release(2)[0].image}), package)

    assert before != after
    assert after == home.deployer().serving("churn")


BAD = {
    "crash": (waiting("CrashLoopBackOff", "back-off 10s"), "`server` CrashLoopBackOff (back-off 10s)"),
    "no image": (waiting("ImagePullBackOff", "not found"), "`server` ImagePullBackOff (not found)"),
    "no secret": (waiting("CreateContainerConfigError", 'secret "keys" not found'), 'secret "keys" not found'),
    "never ready": ({"plane.test/slow": "1h"}, "does not answer as sha256:"),
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_upgrade_is_returned_and_says_why(how: str, home: Home) -> None:
    """The old pods serve all the time; the Deployment is again what it was, and deploying that changes nothing."""
    old, bad = release(1), release(2)
    home.deployer().deploy(*old)
    before = home.objects()["Deployment/churn"]
    home.behaviour[bad[0].digest] = BAD[how][0]

    with pytest.raises(UserError) as caught:
        home.deployer(start_seconds=2).deploy(*bad)

    (problem,) = caught.value.problems
    assert BAD[how][1] in problem
    assert problem.startswith(f"namespace `{home.tenant.namespace}`: Deployment `churn`: churn-")
    assert problem.endswith(f"; {old[0].digest[:19]} keeps serving")
    assert [old[0].digest] == home.served()
    after = home.objects()["Deployment/churn"]
    assert before["spec"] == after["spec"]
    assert old[0].digest == after["metadata"]["annotations"]["stackwright/digest"]
    home.deployer().deploy(*old)
    assert [old[0].digest] == home.served()


def test_a_deadline_of_the_spec_before_is_none_of_this_one(home: Home) -> None:
    """The controller says that it passed until a pod of the spec before is gone; that may take it a while."""
    old = release(1)
    home.deployer().deploy(*old)
    settle_down(home)
    said = condition(home.objects()["Deployment/churn"], "Progressing")
    passed = {**said, "status": "False", "reason": "ProgressDeadlineExceeded"}
    path = f"/apis/apps/v1/namespaces/{home.tenant.namespace}/deployments/churn/status"

    with home.plane.paused("kube-controller-manager", 1):
        Rest(home.plane.api()).merge(path, {"status": {"replicas": 2, "conditions": [passed]}})
        assert old[0].digest == home.deployer().deploy(*old).digest


@pytest.mark.parametrize("how", ["crash", "never ready"])
def test_a_bad_first_deployment_leaves_nothing(how: str, each_home: Home) -> None:
    """What was made is removed; a good one works afterwards."""
    home = each_home
    pin, package = release(1)
    home.behaviour[pin.digest] = BAD[how][0]

    with pytest.raises(UserError) as caught:
        home.deployer(start_seconds=2).deploy(pin, package)

    assert caught.value.problems[0].endswith("; nothing was deployed before, and what was made is removed")
    assert {} == home.objects()
    home.behaviour.clear()
    assert pin.digest == home.deployer().deploy(pin, package).digest


def test_a_pod_that_finds_no_node_says_so(home: Home) -> None:
    """At the end of its time: a node might have come."""
    large = home.deployer(start_seconds=2)
    huge = large.settings["churn"].model_copy(update={"memory_gib": 30.0, "cpu": 7.0})
    core = kubernetes.CoreV1Api(home.plane.api())
    for name in ("one", "two"):
        core.patch_node(name, {"spec": {"unschedulable": True}})
    try:
        with pytest.raises(UserError, match="finds no node: 0/2 nodes are available"):
            replace(large, settings={"churn": huge}).deploy(*release(1))
    finally:
        for name in ("one", "two"):
            core.patch_node(name, {"spec": {"unschedulable": False}})


def test_a_pod_beyond_the_quota_is_refused(home: Home) -> None:
    """The message is that of the API server; the old one keeps serving."""
    home.deployer().deploy(*release(1))
    deployer = home.deployer()
    huge = deployer.settings["churn"].model_copy(update={"memory_gib": 1000.0})

    with pytest.raises(UserError) as caught:
        replace(deployer, settings={"churn": huge}).deploy(*release(2))

    assert "no pod can be made" in caught.value.problems[0]
    assert "exceeded quota: project" in caught.value.problems[0]
    assert caught.value.problems[0].endswith(f"; {release(1)[0].digest[:19]} keeps serving")
    assert [release(1)[0].digest] == home.served()


@pytest.mark.parametrize("first", [True, False], ids=["first", "upgrade"])
def test_a_foreign_image_is_refused(first: bool, home: Home) -> None:
    """Admission says which images are the project's; nothing was changed."""
    if not first:
        home.deployer().deploy(*release(1))
        settle_down(home)
    before = home.versions()
    foreign = home.deployer(image=lambda pin: f"elsewhere.example/churn@{pin.image}")

    with pytest.raises(UserError) as caught:
        foreign.deploy(*release(2))

    (problem,) = caught.value.problems
    assert problem.startswith(f"namespace `{home.tenant.namespace}`: Deployment `churn`: refused: ")
    assert "images must be" in problem
    assert problem.endswith("; nothing was changed")
    assert before == home.versions()


def test_the_scaler_decides_how_many_copies_there_are(home: Home) -> None:
    """A higher minimum makes copies and a budget; a lower one lets the budget go; no deployment sets a number."""
    home.deployer().deploy(*release(1))
    assert "PodDisruptionBudget/churn" not in home.objects()

    home.deployer(min_replicas=2, max_replicas=4).deploy(*release(1))
    home.plane.eventually(lambda: len(home.served()) == 2, "two copies", 60)
    assert "PodDisruptionBudget/churn" in home.objects()
    home.deployer(min_replicas=2, max_replicas=4).deploy(*release(2))
    assert [release(2)[0].digest] * 2 == home.served()

    home.deployer(min_replicas=1).deploy(*release(2))
    assert "PodDisruptionBudget/churn" not in home.objects()


def test_a_removed_model_leaves_nothing(each_home: Home) -> None:
    """No object, no pod; removing again finds nothing."""
    home = each_home
    home.deployer().deploy(*release(1))

    assert [True, False] == [home.deployer().remove("churn") for _ in range(2)]
    assert {} == home.objects()
    assert [] == home.served()
    assert home.deployer().serving("churn") is None


def test_what_somebody_changed_by_hand_is_changed_back(home: Home) -> None:
    """Fields of ours are ours; what others added stays."""
    home.deployer().deploy(*release(1))
    rest = Rest(home.plane.api())
    path = f"/apis/apps/v1/namespaces/{home.tenant.namespace}/deployments/churn"
    rest.merge(path, {"metadata": {"labels": {"team": "us"}}, "spec": {"revisionHistoryLimit": 9}})

    home.deployer().deploy(*release(1))

    found = home.objects()["Deployment/churn"]
    assert (3, "us") == (found["spec"]["revisionHistoryLimit"], found["metadata"]["labels"]["team"])


def test_who_was_overtaken_puts_nothing_back(home: Home) -> None:
    """Two jobs deploy the same model: the later one is not undone by the earlier one."""
    home.deployer().deploy(*release(1))
    home.behaviour[release(2)[0].digest] = {"plane.test/slow": "1h"}
    served = list[str]()

    def overtake(_: str) -> None:
        if not served:
            served.append(home.deployer().deploy(*release(3)).digest)

    with pytest.raises(UserError, match="another deployment changed it meanwhile; deploy again"):
        home.deployer(tell=overtake).deploy(*release(2))

    assert [release(3)[0].digest] == home.served() == served


@pytest.fixture
def connected(settled: dict[str, Home], toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Generator[Toy]:
    """A project whose first environment is a namespace of a cluster, for a person with a kubeconfig."""
    plane = settled["kubernetes"].plane
    with plane.namespace("command") as namespace, registry() as images:
        place = {"namespace": namespace, "name": "models"}
        Rest(plane.api()).apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place}, "test")
        monkeypatch.setenv("KUBECONFIG", str(plane.kubeconfig("acme-dev")))
        section = contract_document()["model_deployer"] | {
            "namespace": namespace,
            "service_account": "models",
            "cluster_endpoint": plane.server,
            "certificate_authority": base64.b64encode(plane.ca.read_bytes()).decode(),
        }
        uri = images.uri("dev/toy")
        toy.edit("stack/dev.json", model_deployer=section, container_registry={"flavor": "existing", "uri": uri})
        toy.commit("serve in a cluster")
        image = f"{uri}@{images.held('dev/toy').add_image(b'code')}"
        assert 0 == stackwright("register", "--image", image, "--project", toy.root).code
        toy.commit("release 1")
        yield toy


def test_the_command_from_a_pin_to_a_pod_and_back(connected: Toy) -> None:
    """Deploy, again, upgrade, revert, remove: what `stackwright deploy` says each time, and `status` afterwards."""
    toy, url = connected, "https://toy.dev.ml.acme.example"

    def deployed() -> str:
        said = stackwright("deploy", "--env", "dev", "--project", toy.root)
        assert 0 == said.code, said.err
        return said.out.strip()

    first, again = deployed(), deployed()
    toy.publish(wrong_every=7)
    second = deployed()
    toy.git("revert", "--no-edit", "HEAD")
    back = deployed()
    state = stackwright("status", "--format", "json", "--project", toy.root).document[0]
    (toy.root / "promotions/dev/toy.yaml").unlink()
    toy.commit("unpin")
    removed = deployed()

    assert re.fullmatch(rf"deploy: dev now serves release 1 \(sha256:[0-9a-f]{{12}}\) at {url}", first)
    assert first.replace("now serves", "serves") == again
    assert "deploy: dev now serves release 2" in second
    assert first == back
    assert ("serving", state["pinned"], url) == (state["state"], state["serving"], state["url"])
    assert "deploy: nothing is pinned in dev; its server is stopped" == removed
