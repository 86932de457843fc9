"""One stack on a real control plane from nothing to nothing, and everything that is in the cluster on the way."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from kubernetes import client as kubernetes

from components.charts import charts
from components.node_pools.contract import ExistingSpec
from stacks.environment.config import KEY
from stacks.project.config import PLATFORMS
from tests.harness.cluster.graphs import EXAMPLES, spec_of
from tests.harness.cluster.inventory import Versions, inventory, wait_until_quiet
from tests.harness.cluster.nodes import node_of
from tests.harness.cluster.rest import Rest
from tests.harness.engine.stack import Engine, Outcome, short
from tests.harness.engine.tools import ROOT

if TYPE_CHECKING:
    from tests.harness.cluster.plane import Plane

PLAIN = ExistingSpec(flavor="existing", labels={"acme.example/machines": "plain"}, cpu=16, memory_gib=64, max_size=3)
"""Machines that no pool of a cluster of somebody else describes: what chooses none runs there."""

Program = Callable[[], None]


class Life:
    """A stack that was previewed and brought up.

    Args:
        engine: Its stack, never used before.
        plane: The cluster.
        program: What it runs.
    """

    def __init__(self, engine: Engine, plane: Plane, program: Program) -> None:
        self.engine, self.plane, self.program = engine, plane, program
        wait_until_quiet(plane)
        self.before = self.there()
        self.previewed = engine.preview(program)
        self.after_preview = self.there()
        self.first = self.up()
        self.made = engine.calls("create")

    def up(self, program: Program | None = None, **options: Any) -> Outcome:
        """Bring it up, as it is written or as another program says."""
        return self.engine.up(program or self.program, **options)

    def destroy(self) -> Outcome:
        """Take it down."""
        return self.engine.destroy(self.program)

    def there(self) -> list[str]:
        """Return every object of the cluster, but for definitions of kinds: Helm leaves them behind."""
        return sorted(name for name in inventory(self.plane) if not name.startswith(LEFT_BEHIND))

    def versions(self) -> Versions:
        """Return the version of every object that the stack made."""
        ours = {called(item) for item in self.engine.resources()}
        found = inventory(self.plane)
        return {name: version for name, version in found.items() if plain(name) in ours}


LEFT_BEHIND = ("APIService.", "CustomResourceDefinition.", "Stage.")
"""What a chart makes known stays, as with Helm; Stages are the plane's own."""


def called(item: dict[str, Any]) -> str:
    """Return how the state calls an object: `Deployment mlflow/server`."""
    return f"{item['inputs'].get('kind')} {item['id']}"


def plain(name: str) -> str:
    """Return `Deployment.apps mlflow/server` as the state says it: `Deployment mlflow/server`."""
    kind, _, where = name.partition(" ")
    return f"{kind.partition('.')[0]} {where}"


def prepare(plane: Plane, environment: str) -> None:
    """Let a cluster have what an example of the shape `kubernetes` says of it: machines and abilities."""
    spec: Any = spec_of("kubernetes", environment)
    abilities = spec.cluster.abilities
    plane.install_crds(abilities.api_groups)
    pools = {"plain": PLAIN, **spec.node_pools}
    plane.add_nodes(*(node_of(name, pool, number) for name, pool in pools.items() for number in range(2)))
    rest = Rest(plane.api())
    for name in abilities.storage_classes:
        rest.apply(_storage_class(name, default=name == abilities.default_storage_class), "test")


def environment_stack(folder: Path, plane: Plane, environment: str) -> Engine:
    """Return the stack of an example of the shape `kubernetes`, whose cluster is a plane."""
    engine = Engine(
        folder,
        ROOT / "stacks" / "environment",
        stack=environment,
        account="",
        endpoint="",
        stack_file=EXAMPLES / "kubernetes" / f"Pulumi.{environment}.yaml",
        kubeconfig=plane.kubeconfig(f"acme-{environment}"),
    )
    document = yaml.safe_load(engine.stack_file.read_text())
    document["config"][KEY]["cluster"] |= address(plane)
    engine.stack_file.write_text(yaml.safe_dump(document))
    return engine


def project_stack(folder: Path, plane: Plane, name: str, platform: dict[str, Any]) -> Engine:
    """Return the stack of a project of the examples, in an environment as that said itself."""
    source, environment = EXAMPLES / "kubernetes" / "projects", platform["environment"]
    engine = Engine(
        folder,
        ROOT / "stacks" / "project",
        stack=f"{name}-{environment}",
        account="",
        endpoint="",
        stack_file=source / f"Pulumi.{name}-{environment}.yaml",
        kubeconfig=plane.kubeconfig(platform["cluster"]["name"]),
    )
    platforms = engine.stack_file.parent / PLATFORMS
    shutil.copytree(source / PLATFORMS, platforms)
    (platforms / f"{environment}.json").write_text(json.dumps(platform))
    return engine


def address(plane: Plane) -> dict[str, str]:
    """Return what a stack file says of the plane as a cluster."""
    uid = kubernetes.CoreV1Api(plane.api()).read_namespace("kube-system").metadata.uid
    authority = base64.b64encode(plane.ca.read_bytes()).decode()
    return {"identifier": uid, "endpoint": plane.server, "certificate_authority": authority}


def orphaned(resources: Iterable[dict[str, Any]], deleted: list[str]) -> list[str]:
    """Return the custom resources that went after the release whose controller would have cleaned up behind them.

    What goes with its cluster is not asked for.

    Args:
        resources: The state before the stack was taken down.
        deleted: What went, in order, as `Engine.calls` says it.
    """
    found = list(resources)
    controllers = {
        group: short(item["urn"])
        for item in found
        if item["type"].endswith(":Release")
        for group in charts()[item["inputs"]["chart"].rpartition("/")[2]].api_groups
    }
    groups = {short(item["urn"]): item["inputs"]["apiVersion"].partition("/")[0] for item in found if _is_object(item)}
    order = {name: place for place, name in enumerate(deleted)}
    pairs = [(name, controllers[group]) for name, group in groups.items() if group in controllers]
    asked = [(name, controller) for name, controller in pairs if {name, controller} <= set(order)]
    return sorted(name for name, controller in asked if order[name] > order[controller])


def _is_object(item: dict[str, Any]) -> bool:
    return item["type"].startswith("kubernetes:") and not item["type"].endswith(":Release")


def _storage_class(name: str, *, default: bool) -> dict[str, Any]:
    said = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": said},
        "provisioner": "plane.test/disks",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
