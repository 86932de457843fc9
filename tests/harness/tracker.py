"""The tracker as its graph says, run as processes on loopback: same commands, other folders."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi

from components.artifact_store.contract import ArtifactStoreOutputs
from components.base import Tier
from components.cluster.contract import ClusterOutputs
from components.cluster_services.contract import ClusterServicesOutputs
from components.conformance import Case
from components.conformance.standins import examples, stand_in
from components.database.contract import DatabaseOutputs
from components.experiment_tracker.contract import MlflowSpec
from components.ingress.contract import IngressOutputs
from components.network.contract import NetworkOutputs
from components.secrets.contract import SecretsOutputs
from tests.harness.mlflow import TRACKER

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from components.base import Outputs
    from components.recording import RecordedResource

KINDS: dict[str, type[Any]] = {
    "network": NetworkOutputs,
    "cluster": ClusterOutputs,
    "services": ClusterServicesOutputs,
    "ingress": IngressOutputs,
    "database": DatabaseOutputs,
    "artifact_store": ArtifactStoreOutputs,
    "secrets": SecretsOutputs,
}
VALUES: dict[str, dict[str, Any]] = {
    "network": {"cidr": "10.20.0.0/16"},
    "ingress": {"class_name": "alb", "gateway": None, "domain": "dev.ml.acme.example"},
    "database": {"host": "db.acme.example", "port": 5432, "name": "platform", "certificates": None},
    "artifact_store": {"uri": "s3://acme-dev-artifacts"},
    "secrets": {"prefix": "acme-dev/"},
}
"""What the needs of a tracker promise, where somebody looks."""

IN_CLUSTER: dict[str, dict[str, Any]] = {
    "database": {
        "host": "platform-rw.database.svc",
        "admin_secret": "database/platform-admin",
        "certificates": "-----BEGIN CERTIFICATE-----",
    },
    "artifact_store": {
        "endpoint_inside": "http://seaweedfs-s3.seaweedfs.svc:8333",
        "region": "us-east-1",
        "users_namespace": "seaweedfs",
        "credentials_secret": None,
    },
}
"""What they promise where there is no cloud."""

PLAIN = {"users_namespace", "credentials_secret"}
"""Promises that are plain values, for they decide what is made."""

JOB = "kubernetes:batch/v1:Job experiment-tracker-setup"
SERVER = "kubernetes:apps/v1:Deployment experiment-tracker-server"
SCRIPTS = "kubernetes:core/v1:ConfigMap experiment-tracker-scripts"


def spec(**values: Any) -> MlflowSpec:
    """Return a spec: what is required, and some values."""
    return examples(MlflowSpec)[0].model_copy(update=values)  # pyright: ignore[reportReturnType]


def needs_of_trackers(*, cloud: bool = True, **values: Mapping[str, Any]) -> Callable[[object], dict[str, Outputs]]:
    """Make the needs of a tracker, with some promises of them."""

    def needs(_: object) -> dict[str, Outputs]:
        found = dict[str, Any]()
        for need, kind in KINDS.items():
            here = {} if cloud else IN_CLUSTER.get(need, {})
            promised = {**VALUES.get(need, {}), **here, **values.get(need, {})}
            outputs = {name: _promise(need, name, value) for name, value in promised.items()}
            found[need] = replace(stand_in(kind, need), **outputs)
        return found

    return needs


def _promise(need: str, name: str, value: Any) -> Any:
    """Return a value as a need promises it: those that decide what is made are plain, as is that there is no way in."""
    return value if name in PLAIN or (need == "ingress" and value is None) else pulumi.Output.from_input(value)


def tracker(
    tier: Tier = Tier.DEV, given: MlflowSpec | None = None, *, cloud: bool = True, **values: Mapping[str, Any]
) -> dict[str, RecordedResource]:
    """Return what MLflow registers, by type and name; `values` are promises of its needs."""
    built = Case(given or spec(), needs_of_trackers(cloud=cloud, **values), cloud=cloud).built(tier)
    return {f"{item.type} {item.name}": item for item in built.managed}


def pod(graph: Mapping[str, RecordedResource], workload: str) -> dict[str, Any]:
    """Return the specification of the pods of a workload."""
    return graph[workload].inputs["spec"]["template"]["spec"]


def container(graph: Mapping[str, RecordedResource], workload: str, name: str) -> dict[str, Any]:
    """Return one container of a workload."""
    whole = pod(graph, workload)
    return next(each for each in [*whole.get("initContainers", []), *whole["containers"]] if each["name"] == name)


def options(graph: Mapping[str, RecordedResource]) -> dict[str, str]:
    """Return the options of the server that have a value."""
    args = container(graph, SERVER, "server")["args"]
    pairs = [part for part in args if part not in {"serve", "--serve-artifacts"}]
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Machine:
    """Runs the containers of a graph, each as a process with its own variables and no others of ours."""

    graph: Mapping[str, RecordedResource]
    """What is run."""
    folder: Path
    """Where volumes lie."""
    replaced: Mapping[str, str]
    """What stands in commands and variables -> what it is here."""
    identity: Mapping[str, str]
    """Variables that the cluster gives to pods: how they reach AWS."""
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, "Mapping[str, str]"])
    """Secret whose values containers may have in their environment -> the values."""

    def mount(self) -> None:
        """Make the volumes."""
        for name in ("scripts", "credentials", "scratch", "secret"):
            (self.folder / name).mkdir()
        for name, content in self.graph[SCRIPTS].inputs["data"].items():
            (self.folder / "scripts" / name).write_text(content)

    def command(self, workload: str, name: str) -> tuple[list[str], dict[str, str]]:
        """Return the command of a container, and its variables."""
        found = container(self.graph, workload, name)
        command = [self._here(part) for part in [*found["command"], *found["args"]]]
        variables = {item["name"]: self._here(item["value"]) for item in found["env"]}
        for source in found.get("envFrom", []):
            variables |= self.secrets[source["secretRef"]["name"]]
        return command, {**variables, **self.identity, "PATH": os.environ["PATH"]}

    def run(
        self, workload: str, name: str, instead: Sequence[str] = (), **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a container to its end, with other arguments if they are given."""
        command, known = self.command(workload, name)
        if instead:
            command = [command[0], *instead]
            known["PYTHONPATH"] = str(self.folder / "scripts")
        return subprocess.run(
            command, env=known | variables, cwd=self.folder, capture_output=True, text=True, check=False, timeout=300
        )

    @contextlib.contextmanager
    def serving(self, workload: str, name: str) -> Generator[subprocess.Popen[bytes]]:
        """Run a container until the block ends; it is up when its startup probe is answered."""
        command, variables = self.command(workload, name)
        log = self.folder / f"{name}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                command, env=variables, cwd=self.folder, stdout=file, stderr=file, start_new_session=True
            )
        try:
            deadline = time.monotonic() + 120
            while not self._is_well(workload, name):
                if time.monotonic() > deadline or process.poll() is not None:
                    raise RuntimeError(f"{name} did not start:\n{log.read_text()}")
                time.sleep(0.2)
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def ask(
        self,
        path: str,
        *,
        host: str,
        user: tuple[str, str] | None = None,
        method: str = "GET",
        body: bytes = b"{}",
        **headers: str,
    ) -> Answer:
        """Ask the server as somebody who called it by a name."""
        sent = {"Host": host, **headers}
        if user:
            sent["Authorization"] = f"Basic {base64.b64encode(':'.join(user).encode()).decode()}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.replaced['5000']}{path}", headers=sent, method=method)
        if method != "GET":
            request.data = body
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as found:
                return Answer(found.status, found.headers, found.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())

    def _is_well(self, workload: str, name: str) -> bool:
        asked = container(self.graph, workload, name)["startupProbe"]["httpGet"]
        (host,) = [item["value"] for item in asked["httpHeaders"] if item["name"] == "Host"]
        with contextlib.suppress(OSError):
            return self.ask(asked["path"], host=host).status == 200
        return False

    def _here(self, text: str) -> str:
        known = {
            "/scripts": str(self.folder / "scripts"),
            "/credentials": str(self.folder / "credentials"),
            "/tmp": str(self.folder / "scratch"),
            "/secret": str(self.folder / "secret"),
            "0.0.0.0": "127.0.0.1",
            **self.replaced,
        }
        if text == "python":
            return str(TRACKER / "python")
        return re.sub("|".join(map(re.escape, known)), lambda found: known[found[0]], text)
