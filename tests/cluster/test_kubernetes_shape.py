"""The life of the shape `kubernetes` on a real control plane, under the real engine, as its examples say.

Pods run on simulated machines, and Helm charts are not rendered: what they bring is what components/charts.yaml says.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pulumi
import pytest
from kubernetes import client as kubernetes
from pulumi import automation

from stacks.contract import Contract
from stacks.load import parse
from stacks.project.config import from_engine
from stacks.project.program import program as project_program
from tests.harness.cluster.inventory import stuck
from tests.harness.cluster.life import Life, environment_stack, orphaned, prepare, project_stack
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import Rest
from tests.harness.engine import programs
from tests.harness.engine.stack import Engine
from tests.harness.engine.tools import ROOT, need_engine

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # Pulumi's own, of a failed run
]

NewPlane = Callable[[], AbstractContextManager[Plane]]


@contextmanager
def lived(new_plane: NewPlane, folder: Path, environment: str) -> Iterator[Life]:
    """An environment of the examples, up in a cluster of its own."""
    need_engine()
    with new_plane() as plane:
        prepare(plane, environment)
        yield Life(environment_stack(folder / "stack", plane, environment), plane, programs.environment)


@pytest.fixture(scope="module")
def dev(new_plane: NewPlane, tmp_path_factory: pytest.TempPathFactory) -> Generator[Life]:
    """The environment where data may go; tests leave it as they found it."""
    with lived(new_plane, tmp_path_factory.mktemp("dev"), "dev") as life:
        yield life


def test_up_makes_what_a_preview_from_nothing_said(dev: Life) -> None:
    """A preview before the first `up` makes nothing, and says what that will make; that makes everything once."""
    assert dev.before == dev.after_preview
    assert {"create": len(dev.engine.all_resources())} == dev.previewed.changes
    assert len(dev.engine.resources()) == len(dev.made) == len(set(dev.made))


def test_up_again_touches_nothing(dev: Life) -> None:
    """A second `up` finds nothing to do, and no object of the stack has another version than before it."""
    before = dev.versions()

    assert {} == dev.up().changes
    assert before == dev.versions()
    assert len(before) == len([item for item in dev.engine.resources() if "apiVersion" in item["inputs"]])


def test_what_somebody_deleted_is_found_and_put_back(dev: Life) -> None:
    """A refresh sees what is gone, and the next `up` makes it again, and nothing else."""
    rest = Rest(dev.plane.api())
    rest.delete("/apis/apps/v1/namespaces/mlflow/deployments/mlflow")
    rest.delete("/apis/networking.k8s.io/v1/namespaces/mlflow/networkpolicies/mlflow")

    dev.engine.refresh(programs.environment)
    dev.engine.forget()
    dev.up()

    assert ["Deployment tracker-server", "NetworkPolicy tracker"] == sorted(dev.engine.calls("create"))
    assert [[], []] == [dev.engine.calls(verb) for verb in ("update", "delete")]


def test_every_pod_runs_and_none_takes_a_gpu(dev: Life) -> None:
    """Servers and jobs of the platform find room on machines without GPUs."""
    pods = kubernetes.CoreV1Api(dev.plane.api()).list_pod_for_all_namespaces().items
    nodes = {item.spec.node_name.rpartition("-")[0] for item in pods}

    assert {"Running", "Succeeded"} >= {item.status.phase for item in pods}
    assert nodes
    assert "gpu" not in nodes


@pytest.mark.slow
def test_a_deployment_that_never_becomes_ready_is_reported_with_its_reason(dev: Life) -> None:
    """`up` fails with what the pod's container waits for; the next one, as it is written, puts it right."""
    with pytest.raises(automation.CommandError) as failed:
        dev.up(lambda: environment_with_waiting("tracker-server"))

    assert "ErrImageNeverPull: the image is not there" in str(failed.value)
    assert {"update": 1} == dev.up().changes
    assert {} == dev.up().changes


def environment_with_waiting(name: str) -> None:
    """Run the environment's program so that the pods of one deployment wait for ever."""
    said = {"plane.test/waiting": "ErrImageNeverPull", "plane.test/message": "the image is not there"}

    def change(made: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if (made.type_, made.name) != ("kubernetes:apps/v1:Deployment", name):
            return None
        props: dict[str, Any] = made.props
        for metadata, more in (
            (props["metadata"], {"pulumi.com/timeoutSeconds": "3"}),
            (props["spec"]["template"]["metadata"], said),
        ):
            metadata["annotations"] = {**(metadata.get("annotations") or {}), **more}
        return pulumi.ResourceTransformationResult(props, made.opts)

    pulumi.runtime.register_stack_transformation(change)
    programs.environment()


def test_a_project_comes_and_goes(dev: Life, tmp_path: Path) -> None:
    """A project's stack on what the environment exported: its contract is what the schema says, and nothing stays."""
    platform = dev.engine.outputs(dev.program)["platform"]
    engine = project_stack(tmp_path / "churn", dev.plane, "churn", platform)

    project = Life(engine, dev.plane, lambda: project_program(*from_engine(engine.stack_file.parent)))
    before = project.versions()

    assert {} == project.up().changes
    assert before == project.versions()
    published = kubernetes.CoreV1Api(dev.plane.api()).read_namespaced_config_map("contract", "project-churn")
    text = published.data["contract.json"]
    jsonschema.validate(json.loads(text), json.loads((ROOT / "stacks" / "schema" / "contract.json").read_text()))
    assert "project-churn" == parse(text.encode(), Contract, "contract.json").model_deployer.namespace
    assert {"delete": project.previewed.changes["create"]} == project.destroy().changes
    assert project.before == project.there()
    assert [] == stuck(dev.plane)


def test_destroy_leaves_nothing_and_up_works_again(dev: Life) -> None:
    """Every object goes, custom resources before their controllers; the API server may be restarted on the way up.

    The second `up` is interrupted: the API server is killed when some objects are there. It, or the one after it, comes
    to the same end, and nothing is made twice.
    """
    resources = dev.engine.resources()
    dev.engine.forget()
    dev.destroy()
    deleted = dev.engine.calls("delete")
    left = dev.there()
    dev.engine.forget()

    restarted_in_the_middle(dev)

    made = dev.engine.calls("create")
    assert dev.before == left
    assert [] == stuck(dev.plane)
    assert [] == orphaned(resources, deleted)
    assert sorted(dev.made) == sorted(made)
    assert {} == dev.up().changes
    dev.destroy()
    assert dev.before == dev.there()


def restarted_in_the_middle(life: Life) -> None:
    """Bring an environment up while its API server is killed, and once more if that was too much for the first try."""
    starter = threading.Thread(target=_kill_after, args=(life.engine, life.plane, 20))
    starter.start()
    try:
        life.up()
    except automation.CommandError:
        life.up()
    finally:
        starter.join()


def _kill_after(engine: Engine, plane: Plane, creates: int) -> None:
    deadline = time.monotonic() + 120
    while len(engine.calls("create")) < creates and time.monotonic() < deadline:
        time.sleep(0.1)
    plane.restart_api_server(kill=True)


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_a_larger_environment_comes_and_goes(new_plane: NewPlane, tmp_path: Path, environment: str) -> None:
    """Up makes it, up again touches nothing; what is protected goes when the file says that it may."""
    with lived(new_plane, tmp_path, environment) as life:
        before = life.versions()
        again = life.up().changes
        after = life.versions()
        protected = [item for item in life.engine.resources() if item.get("protect")]

        life.engine.stack_file.write_text(
            life.engine.stack_file.read_text().replace(f"tier: {environment}", "tier: dev")
        )
        life.up()
        life.destroy()

        assert ({}, before) == (again, after)
        assert protected
        assert life.before == life.there()
        assert [] == stuck(life.plane)
