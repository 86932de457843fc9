"""What one copy of a served model is: the package is fetched and verified, then a server starts that only reads it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from components.model_deployer.contract import LOG_KEY, MODEL_LABEL
from pipelines.store.open import open_store

if TYPE_CHECKING:
    from components.model_deployer.contract import KubernetesSection
    from pipelines.project import ModelSettings
    from pipelines.release.pin import Pin
    from stacks.contract import Contract

    Document = dict[str, Any]

USER = 65532
"""As whom containers run, whatever their image says."""

MI = 1 << 20
PACKAGES, PREDICTIONS, SCRATCH = "/packages", "/predictions", "/tmp"  # noqa: S108 - of the pod alone

DRAIN_SECONDS = 10
"""How long a pod still answers after it was told to leave: what sends requests to it hears of it meanwhile."""
STOP_SECONDS = 50
"""How long a server takes to end, at most: 20 for requests under way, 20 for what is left of its log, and some."""

SPOOL_MIB = 512
"""The most of a prediction log that waits for its store; its volume has room for twice as much, so that no pod is
evicted for what it logs."""


@dataclass(frozen=True)
class Pod:
    """One copy of a served model."""

    contract: Contract
    section: KubernetesSection
    pin: Pin
    settings: ModelSettings
    image: str
    """Repository and digest."""
    size_bytes: int
    """Of the package."""
    log_secret: str | None = None
    """Secret that keys the hashes of its prediction log; none where it hashes nothing."""

    def spec(self) -> Document:
        """Return what the pod runs."""
        room = math.ceil(self.size_bytes / MI) + 16
        volumes = {PACKAGES: f"{room}Mi", PREDICTIONS: f"{2 * SPOOL_MIB}Mi", SCRATCH: "64Mi"}
        return {
            "serviceAccountName": self.section.service_account,
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": DRAIN_SECONDS + STOP_SECONDS,
            "securityContext": _restricted(),
            "topologySpreadConstraints": [_apart(self.pin.model)],
            "initContainers": [self._container("fetch", self._fetch(), writes=(PACKAGES, SCRATCH))],
            "containers": [self._server()],
            "volumes": [{"name": path[1:], "emptyDir": {"sizeLimit": limit}} for path, limit in volumes.items()],
        }

    def _server(self) -> Document:
        ready = _probe(f"/v2/models/{self.pin.model}/versions/{self.pin.digest}/ready")
        server = self._container("server", self._serve(), reads=(PACKAGES,), writes=(PREDICTIONS, SCRATCH))
        return {
            **server,
            "env": [*server["env"], *self._log_key()],
            "ports": [{"name": "http", "containerPort": self.section.port, "protocol": "TCP"}],
            "startupProbe": {**ready, "periodSeconds": 2, "failureThreshold": 90},
            "readinessProbe": {**ready, "periodSeconds": 5, "failureThreshold": 2},
            "livenessProbe": {**_probe("/v2/health/live"), "periodSeconds": 10, "failureThreshold": 6},
            "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        }

    def _container(
        self, name: str, arguments: list[str], *, reads: tuple[str, ...] = (), writes: tuple[str, ...]
    ) -> Document:
        """Return a container of the project's image; its entry point knows `fetch` and `serve`."""
        memory = f"{math.ceil(self.settings.memory_gib * 1024)}Mi"
        keys = self.section.models_secret
        return {
            "name": name,
            "image": self.image,
            "args": arguments,
            "env": self._environment(),
            **({"envFrom": [{"secretRef": {"name": keys}}]} if keys else {}),
            "resources": {
                "requests": {"cpu": f"{math.ceil(self.settings.cpu * 1000)}m", "memory": memory},
                "limits": {"memory": memory},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            },
            "volumeMounts": [
                *({"name": path[1:], "mountPath": path, "readOnly": True} for path in reads),
                *({"name": path[1:], "mountPath": path} for path in writes),
            ],
        }

    def _environment(self) -> list[Document]:
        """Return what containers find; keys to the artifact store come from a Secret, or from the pod's identity."""
        plain = {"DO_NOT_TRACK": "true", "SIGNING_PUBLIC_KEY": self.contract.signing_key.public_key}
        if self.contract.region:
            plain["AWS_REGION"] = self.contract.region
        named = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
        return [named, *({"name": name, "value": value} for name, value in sorted(plain.items()))]

    def _log_key(self) -> list[Document]:
        if self.log_secret is None:
            return []
        found = {"secretKeyRef": {"name": self.log_secret, "key": LOG_KEY}}
        return [{"name": "PREDICTION_LOG_KEY", "valueFrom": found}]

    def _fetch(self) -> list[str]:
        package = open_store(self.contract.artifact_store.uri, self.contract.project).uri(self.pin.digest)
        signature = f"{package}.{self.contract.environment}.sig"
        return [
            *("fetch", "--package", package, "--signature", signature),
            *("--digest", self.pin.digest, "--into", self._folder),
        ]

    def _serve(self) -> list[str]:
        return [
            *("serve", "--package", self._folder, "--model", self.pin.model),
            *("--host", "0.0.0.0", "--port", str(self.section.port)),  # noqa: S104 - the pod's own address
            *("--prediction-log", f"{self.contract.monitoring.predictions_uri}/{self.pin.model}"),
            *("--spool", PREDICTIONS, "--spool-mib", str(SPOOL_MIB), "--instance", "$(POD_NAME)"),
        ]

    @property
    def _folder(self) -> str:
        return f"{PACKAGES}/{self.pin.digest.removeprefix('sha256:')}"


def _restricted() -> Document:
    """Return what the level `restricted` of pod security asks of a pod."""
    ids = dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), USER)
    return {"runAsNonRoot": True, **ids, "seccompProfile": {"type": "RuntimeDefault"}}


def _apart(model: str) -> Document:
    """Return the wish that copies are on different nodes."""
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {MODEL_LABEL: model}},
    }


def _probe(path: str) -> Document:
    return {"httpGet": {"path": path, "port": "http"}, "timeoutSeconds": 2}
