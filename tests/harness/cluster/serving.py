"""Deploy into a namespace of the plane, as the jobs of its project do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from components.model_deployer.contract import KubernetesSection
from pipelines.api_server import ApiServer
from pipelines.cluster import Cluster
from pipelines.deploy.kubernetes import KubernetesDeployer
from pipelines.deploy.kubernetes_api import Objects
from pipelines.project import ModelSettings
from pipelines.release.package import Package
from pipelines.release.pin import Pin
from stacks.contract import Contract
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import Rest
from tests.harness.cluster.tenants import Tenant
from tests.harness.documents import contract_document

GATEWAY = "gateway/main"
"""Of the examples."""
VERSIONS = {
    "Deployment": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "Service": "v1",
    "Ingress": "networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
}
"""Kinds that deployments make."""
QUICK: dict[str, Any] = {"patience_seconds": 0.5, "poll_seconds": 0.1, "limit_seconds": 30, "stop_seconds": 30}


class Simulated(Objects):
    """Objects whose pods behave as a test says of their package; the plane reads it from an annotation."""

    behaviour: Mapping[str, Mapping[str, str]]
    """Digest of a package -> annotations of its pods."""

    def _apply(self, body: dict[str, Any], query: Mapping[str, str]) -> dict[str, Any]:
        if body["kind"] == "Deployment":
            body = json.loads(json.dumps(body))
            said = body["spec"]["template"]["metadata"]["annotations"]
            said |= self.behaviour.get(said["stackwright/digest"], {})
        return super()._apply(body, query)


@dataclass(frozen=True)
class Home:
    """The namespace of a project on the plane."""

    plane: Plane
    tenant: Tenant
    behaviour: dict[str, Mapping[str, str]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @property
    def gateway(self) -> str | None:
        """The gateway of its route; none where routes have a class."""
        return GATEWAY if self.tenant.route == "httproutes" else None

    @property
    def host(self) -> str:
        """The name of its route."""
        return f"{self.tenant.namespace.removeprefix('project-')}.dev.ml.acme.example"

    @cached_property
    def contract(self) -> Contract:
        """What the project knows of it; its store and keys are nobody's."""
        way = {"gateway": self.gateway} if self.gateway else {"class_name": "alb"}
        section = contract_document()["model_deployer"] | {
            "namespace": self.tenant.namespace,
            "service_account": self.tenant.account,
            "host": self.host,
            "uri": f"https://{self.host}",
            "class_name": None,
            **way,
        }
        return Contract.model_validate(
            contract_document(project="churn", tier="dev", model_deployer=section), strict=False
        )

    def deployer(self, **changes: Any) -> KubernetesDeployer:
        """Return the deployer of the jobs of the project; fields of its section and of itself can be others."""
        section = self.contract.model_deployer
        assert isinstance(section, KubernetesSection)
        ours = {name: changes.pop(name) for name in list(changes) if name in KubernetesSection.model_fields}
        repository = self.tenant.image.partition("@")[0]
        objects = Simulated(self._cluster(), self.tenant.namespace)
        object.__setattr__(objects, "behaviour", self.behaviour)
        found = KubernetesDeployer(
            contract=self.contract,
            section=section.model_copy(update=ours),
            cluster=objects,
            settings=dict.fromkeys(("churn", "lapse"), MODEL),
            image=lambda pin: f"{repository}@{pin.image}",
            tell=self.told.append,
            **QUICK,
        )
        return replace(found, **changes)

    def _cluster(self) -> Cluster:
        api = self.plane.client("somebody", [self.tenant.group])
        return Cluster(ApiServer("acme-dev", self.plane.server, ""), api)

    def objects(self) -> dict[str, dict[str, Any]]:
        """Return all that deployments made, by kind and name."""
        rest = Rest(self.plane.api())
        return {
            f"{kind}/{item['metadata']['name']}": item
            for kind, version in VERSIONS.items()
            for item in rest.items(version, kind, self.tenant.namespace)
        }

    def versions(self) -> dict[str, str]:
        """Return the resource versions of all that deployments made.

        A scaler counts all the time: of it, when it was applied, and what it says.
        """
        found = self.objects()
        scalers = {name for name in found if name.startswith("HorizontalPodAutoscaler/")}
        return {
            name: _applied(item) if name in scalers else item["metadata"]["resourceVersion"]
            for name, item in found.items()
        }

    def served(self) -> list[str]:
        """Return the digests of the pods that are ready."""
        pods = Rest(self.plane.api()).items("v1", "Pod", self.tenant.namespace)
        ready = [pod for pod in pods if any(_is_true(item) for item in pod["status"].get("conditions", []))]
        return sorted(pod["metadata"]["annotations"]["stackwright/digest"] for pod in ready)

    def clear(self) -> None:
        """Remove all that deployments made."""
        self.behaviour.clear()
        self.told.clear()
        deployer = self.deployer()
        for model in deployer.deployed():
            deployer.remove(model)


def _applied(found: Mapping[str, Any]) -> str:
    entries = [item for item in found["metadata"]["managedFields"] if item["manager"] == "stackwright"]
    return json.dumps([entries, found["spec"]])


MODEL = ModelSettings(package="build", rows="rows", score=["score"], serve=["serve"])


def _is_true(condition: Mapping[str, str]) -> bool:
    return (condition["type"], condition["status"]) == ("Ready", "True")


def release(number: int, model: str = "churn") -> tuple[Pin, Package]:
    """Return a pin, and a package of which only digest and size are looked at."""
    digest, image = (f"sha256:{letter}{number:063x}" for letter in "ab")
    pin = Pin(model=model, release=number, digest=digest, commit=f"{number:040x}", contract_version="1.2", image=image)
    return pin, Package(Path(), digest, ())


def paths(home: Home) -> list[str]:
    """Return the paths of the project's one route."""
    kind = "HTTPRoute" if home.gateway else "Ingress"
    (route,) = [item for name, item in home.objects().items() if name.startswith(f"{kind}/")]
    if home.gateway:
        assert [home.host] == route["spec"]["hostnames"]
        return [match["path"]["value"] for rule in route["spec"]["rules"] for match in rule["matches"]]
    assert [home.host] == [rule["host"] for rule in route["spec"]["rules"]]
    return [path["path"] for path in route["spec"]["rules"][0]["http"]["paths"]]


def waiting(reason: str, message: str = "it said so") -> dict[str, str]:
    """Return how pods say that they never get ready."""
    return {"plane.test/waiting": reason, "plane.test/message": message}
