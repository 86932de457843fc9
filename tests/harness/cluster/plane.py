"""What a test has of a control plane."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import urllib3
import yaml
from kubernetes import client as kubernetes
from kubernetes import config
from kubernetes.client.exceptions import ApiException

from tests.harness.cluster.certificates import Pair, signed
from tests.harness.cluster.issuer import Issuer
from tests.harness.cluster.programs import API_SERVER, Ports

Found = TypeVar("Found")

ADMIN = "admin"
"""User of the plane's own certificate; a member of `system:masters`."""

GRACE_SECONDS = 5
"""How long a program may take to end in order."""


class Plane:
    """A control plane that runs.

    Args:
        folder: Where its supervisor keeps everything.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = Ports.read(folder)
        self.server = f"https://127.0.0.1:{self.ports.api_server}"
        self.ca = folder / "ca.crt"
        """Certificate of the authority that signed everything on the plane, as PEM."""
        self.issuer = Issuer(f"https://127.0.0.1:{self.ports.issuer}", folder / "tokens.key", self.ca)
        """Issuer of tokens; the API server takes those with audience `plane`: `sub` is the user, `groups` the groups,
        both after `oidc:`."""
        self.logs = folder / "logs"
        """One file per program."""

    def kubeconfig(
        self,
        context: str = "plane",
        *,
        user: str = ADMIN,
        groups: Iterable[str] = (),
        token: str | None = None,
        namespace: str | None = None,
    ) -> Path:
        """Return a kubeconfig with one context.

        Args:
            context: Name of the context, and of the cluster.
            user: Who signs in, by a certificate; the administrator by default.
            groups: Groups of that user.
            token: A bearer token instead of a certificate.
            namespace: Namespace of whoever names none.
        """
        who = {"token": token} if token else self._certificate(user, tuple(groups))
        place = {"cluster": context, "user": user} | ({"namespace": namespace} if namespace else {})
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": context, "cluster": self._address()}],
            "contexts": [{"name": context, "context": place}],
            "users": [{"name": user, "user": who}],
        }
        text = yaml.safe_dump(document)
        path = self.folder / "kubeconfigs" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o600)
        return path

    def api(self) -> kubernetes.ApiClient:
        """Return a client of the administrator."""
        return self._admin

    def client(self, user: str, groups: Iterable[str] = ()) -> kubernetes.ApiClient:
        """Return a client of somebody who signs in by a certificate."""
        return config.new_client_from_config(str(self.kubeconfig(user=user, groups=groups)))

    def client_by_token(self, token: str) -> kubernetes.ApiClient:
        """Return a client of whoever a token says: a service account, or a person of the issuer."""
        return config.new_client_from_config(str(self.kubeconfig(token=token)))

    @contextlib.contextmanager
    def namespace(self, prefix: str = "test", **labels: str) -> Generator[str]:
        """Make a namespace that no other test has, and delete it."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        core = kubernetes.CoreV1Api(self.api())
        core.create_namespace({"metadata": {"name": name, "labels": labels}})
        self.eventually(lambda: core.list_namespaced_service_account(name).items, f"an account for the pods of {name}")
        try:
            yield name
        finally:
            core.delete_namespace(name)

    def trust(self, configuration: Mapping[str, Any]) -> None:
        """Let the API server read an AuthenticationConfiguration, and wait until it acts by it.

        Issuers elsewhere are replaced by the plane's own in their name: `issuer.mint(claims, issuer=url)` signs.

        Args:
            configuration: The document, as people would give it to their API server.
        """
        document = json.loads(json.dumps(configuration))
        for item in document.get("jwt", []):
            item["issuer"]["certificateAuthority"] = self.ca.read_text()
            if item["issuer"]["url"] != self.issuer.url:
                item["issuer"]["discoveryURL"] = self.issuer.discovery(item["issuer"]["url"])
        (self.folder / "authentication.yaml").write_text(yaml.safe_dump(document))
        self.restart_api_server()

    def restart_api_server(self, *, kill: bool = False) -> None:
        """End the API server, and return when the next one is ready.

        Args:
            kill: Give it no time to end in order.
        """
        self.restart(API_SERVER, kill=kill)
        self.wait_until_ready()

    def restart(self, program: str, *, kill: bool = False) -> None:
        """End one program, and return when its supervisor started the next one."""
        before = self.pid(program)
        os.kill(before, signal.SIGKILL if kill else signal.SIGTERM)
        try:
            self.eventually(lambda: self.pid(program) != before, f"another {program}", GRACE_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(before, signal.SIGKILL)
            self.eventually(lambda: self.pid(program) != before, f"another {program}")

    @contextlib.contextmanager
    def paused(self, program: str, seconds: float) -> Generator[None]:
        """Let one program do nothing for a while, which begins now."""
        pid = self.pid(program)
        again = threading.Timer(seconds, os.kill, (pid, signal.SIGCONT))
        os.kill(pid, signal.SIGSTOP)
        again.start()
        try:
            yield
        finally:
            again.join()

    def pid(self, program: str) -> int:
        """Return the process of a program."""
        return json.loads((self.folder / "state.json").read_text())["programs"][program]

    def wait_until_ready(self) -> None:
        """Wait until the API server is ready."""
        self.eventually(self.is_ready, "an API server that is ready")

    def is_ready(self) -> bool:
        """Return whether the API server says that it is ready, and has read who may do what."""
        try:
            self.api().call_api("GET", f"{self.server}/readyz", header_params={}, _request_timeout=5)
            kubernetes.AuthenticationV1Api(self._anybody).create_self_subject_review({}, _request_timeout=5)
        except (ApiException, urllib3.exceptions.HTTPError):
            return False
        return True

    def install_crds(self, groups: Iterable[str]) -> None:
        """Make the published custom resources of API groups known; skip where their schemas are not at hand."""
        from tests.harness.cluster import crds  # imports Pulumi's classes, which a plane does without

        crds.need_schemas()
        crds.install(self.api(), groups)

    def add_nodes(self, *manifests: Mapping[str, Any]) -> None:
        """Let there be nodes, as `nodes.node_of` writes them, and wait until they are ready."""
        core = kubernetes.CoreV1Api(self.api())
        for manifest in manifests:
            core.create_node(manifest)
        names = [manifest["metadata"]["name"] for manifest in manifests]
        self.eventually(lambda: all(_is_ready(core.read_node(name)) for name in names), f"nodes {', '.join(names)}")

    def eventually(self, ask: Callable[[], Found], what: str, seconds: float = 30) -> Found:
        """Ask until the answer is true, and return it."""
        deadline = time.monotonic() + seconds
        while not (found := ask()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: not within {seconds:g} s")
            time.sleep(0.05)
        return found

    def tails(self, lines: int = 20) -> Mapping[str, str]:
        """Return the last lines of each program."""
        return {
            path.stem: "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
            for path in sorted(self.logs.glob("*.log"))
        }

    @cached_property
    def _admin(self) -> kubernetes.ApiClient:
        return config.new_client_from_config(str(self.kubeconfig()))

    @cached_property
    def _anybody(self) -> kubernetes.ApiClient:
        return self.client("anybody")

    def _address(self) -> dict[str, str]:
        return {"server": self.server, "certificate-authority-data": _text(self.ca.read_bytes())}

    def _certificate(self, user: str, groups: tuple[str, ...]) -> dict[str, str]:
        if user == ADMIN and not groups:
            pair = Pair((self.folder / "admin.crt").read_bytes(), (self.folder / "admin.key").read_bytes())
        else:
            pair = signed(Pair(self.ca.read_bytes(), (self.folder / "ca.key").read_bytes()), user, groups)
        return {"client-certificate-data": _text(pair.certificate), "client-key-data": _text(pair.key)}


def _is_ready(node: Any) -> bool:
    return any(item.type == "Ready" and item.status == "True" for item in node.status.conditions or ())


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
