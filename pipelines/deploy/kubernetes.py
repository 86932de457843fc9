"""Models served in the namespace that a project has in a cluster.

All state is in the cluster: a deployment that was killed at any point is completed, or returned, by the next one.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.errors import UserError
from components.model_deployer.contract import MODEL_LABEL
from pipelines.deploy import kubernetes_objects as objects
from pipelines.deploy.base import Endpoint
from pipelines.deploy.kubernetes_pods import Pod
from pipelines.deploy.kubernetes_rollout import Overtaken, Rollout, is_ready
from pipelines.deploy.kubernetes_state import begun, good, notes, same, unfinished
from pipelines.deploy.log_key import log_secret
from pipelines.release.package import Digest
from pipelines.release.pin import short

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from components.model_deployer.contract import KubernetesSection
    from pipelines.deploy.kubernetes_api import Objects
    from pipelines.project import ModelSettings
    from pipelines.release.package import Package
    from pipelines.release.pin import Pin
    from stacks.contract import Contract

    Document = dict[str, Any]


class KubernetesEndpoint(Endpoint):
    """A model behind the route of its project."""

    image: Digest
    """What runs it."""


@dataclass(frozen=True)
class KubernetesDeployer:
    """One Deployment a model, with its Service, its scaler and its budget; one route for all."""

    contract: Contract
    section: KubernetesSection
    cluster: Objects
    """The objects of the project's namespace."""
    settings: Mapping[str, ModelSettings]
    """What the project says of each model."""
    image: Callable[[Pin], str]
    """Repository and digest of a pin's image."""
    tell: Callable[[str], None]
    """Takes lines about what is going on."""
    start_seconds: int = 600
    """How long one new copy may take until it is ready: a node may have to come first."""
    patience_seconds: float = 30.0
    """How long a trouble may last before a deployment is returned."""
    limit_seconds: float = 3600.0
    """How long a deployment may take in all."""
    stop_seconds: float = 120.0
    """How long pods may take to end."""
    poll_seconds: float = 1.0

    def serving(self, model: str) -> KubernetesEndpoint | None:
        """Return the endpoint of a model that has a ready pod; in the middle of a rollout, that of the old one."""
        live = self.cluster.get("Deployment", model)
        pods = self.cluster.find("Pod", labels=f"{MODEL_LABEL}={model}") if live else []
        found = {(notes(pod)[objects.DIGEST], _image(pod)) for pod in pods if is_ready(pod)}
        if live is None or not found:
            return None
        digest, image = min(found, key=lambda item: (item[0] == notes(live).get(objects.DIGEST), item))
        return KubernetesEndpoint(url=self.section.uri, digest=digest, image=image)

    def deployed(self) -> list[str]:
        """Return the models that this environment was made to serve."""
        return [item["metadata"]["name"] for item in self.cluster.find("Deployment", labels=objects.OURS)]

    def deploy(self, pin: Pin, package: Package) -> KubernetesEndpoint:
        """Let pods with the new package take over one by one; when they do not get ready, return to what was there."""
        _check_name(pin.model)
        wanted = self._deployment(pin, package)
        before = self._begin(wanted, self._settled(pin.model))
        try:
            self._surround(pin.model)
            self._rollout(pin).wait()
            self._route()
        except Overtaken:
            raise
        except UserError as error:
            raise UserError(f"{error.problems[0]}; {self._put_back(pin.model, before)}") from error
        self.cluster.apply(wanted)
        return KubernetesEndpoint(url=self.section.uri, digest=pin.digest, image=_image(wanted["spec"]["template"]))

    def remove(self, model: str) -> bool:
        """Stop serving a model; its Deployment goes last, so that a removal which was killed is found again."""
        if self.cluster.get("Deployment", model) is None:
            return False
        self.cluster.delete("Service", model)
        self._route()
        for kind in ("HorizontalPodAutoscaler", "PodDisruptionBudget", "Deployment"):
            self.cluster.delete(kind, model)
        self._settled(model)
        return True

    def _deployment(self, pin: Pin, package: Package) -> Document:
        settings = self.settings[pin.model]
        secret = log_secret(self.section, pin.model, package)
        pod = Pod(self.contract, self.section, pin, settings, self.image(pin), package.size_bytes, secret)
        return objects.deployment(self.section, pin, pod.spec(), self.start_seconds)

    def _begin(self, wanted: Document, live: Document | None) -> Document | None:
        """Let the Deployment say what is wanted, unless it does; return what a failure has to return to."""
        before = good(live)
        try:
            if live is None or unfinished(live) or not same(live, self.cluster.preview(wanted)):
                self.cluster.apply(begun(wanted, before))
        except UserError as error:
            raise UserError(f"{error.problems[0]}; nothing was changed") from error
        return before

    def _surround(self, model: str) -> None:
        """Make what a Deployment needs around it."""
        self.cluster.apply(objects.service(self.section, model))
        self.cluster.apply(objects.scaler(self.section, model))
        if self.section.min_replicas > 1:
            self.cluster.apply(objects.budget(self.section, model))
        elif self.cluster.get("PodDisruptionBudget", model):
            self.cluster.delete("PodDisruptionBudget", model)

    def _rollout(self, pin: Pin) -> Rollout:
        return Rollout(
            self.cluster,
            pin.model,
            pin.digest,
            patience_seconds=self.patience_seconds,
            limit_seconds=self.limit_seconds,
            poll_seconds=self.poll_seconds,
            tell=self.tell,
        )

    def _put_back(self, model: str, before: Document | None) -> str:
        """Return a model to what was deployed before, and say what serves now."""
        live = self.cluster.get("Deployment", model)
        if live is None or not unfinished(live):
            return "nothing was changed"
        if before is None:
            self.remove(model)
            return "nothing was deployed before, and what was made is removed"
        self.cluster.apply(before)
        served = self.serving(model)
        digest = short(notes(before)[objects.DIGEST])
        return f"{digest} {'keeps serving' if served else 'is put back, and no pod of it is ready either'}"

    def _route(self) -> None:
        """Let the route lead to the models that have a Service.

        Two deployments of different models may do this at once: whoever writes last sees, afterwards, what the other
        one did.
        """
        kind, before = objects.route_kind(self.section), None
        while before != (models := self._with_service()):
            if models:
                self.cluster.apply(objects.route(self.section, models))
            elif self.cluster.get(kind, objects.ROUTE):
                self.cluster.delete(kind, objects.ROUTE)
            before = models

    def _with_service(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.cluster.find("Service", labels=objects.OURS)]

    def _settled(self, model: str) -> Document | None:
        """Return a model's Deployment, once one that is being deleted is gone."""
        deadline = time.monotonic() + self.stop_seconds
        while (live := self.cluster.get("Deployment", model)) and "deletionTimestamp" in live["metadata"]:
            if time.monotonic() > deadline:
                where = f"namespace `{self.cluster.namespace}`: Deployment `{model}`"
                raise UserError(
                    f"{where}: is not gone after {self.stop_seconds:g} s; look at its pods, then run this again"
                )
            time.sleep(self.poll_seconds)
        return live


def _image(pod: Document) -> str:
    """Return the digest of what a pod runs."""
    return str(pod["spec"]["containers"][0]["image"]).rpartition("@")[2]


def _check_name(model: str) -> None:
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", model):
        told = "cannot be a name in a cluster; use at most 63 lower-case letters, digits and hyphens"
        raise UserError(f".stackwright.yaml: models: `{model}` {told}")
