"""The setup of the tracker at a real API server: by its own token, with the rights of the graph and no others."""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as kubernetes

from components.experiment_tracker.scripts import tasks
from tests.harness.cluster.graphs import objects_of
from tests.harness.cluster.plane import Plane
from tests.harness.cluster.rest import Rest
from tests.harness.cluster.rights import Subject, allowed
from tests.harness.tracker import tracker

pytestmark = pytest.mark.cluster

OWN, SHARED, ADMIN = ("kubernetes:///mlflow/mlflow", "kubernetes:///mlflow/mlflow-projects", "database/platform-admin")
KINDS = {"Namespace", "Role", "RoleBinding", "Secret", "ServiceAccount"}
SECRETS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")


@dataclass(frozen=True)
class Site:
    """A cluster in which the tracker may be set up."""

    plane: Plane
    objects: tuple[dict[str, Any], ...]
    """What the stack applies, as far as rights and Secrets go."""

    def apply(self) -> None:
        """Apply everything, as the provider does: by fields, and taking none from anybody."""
        for item in self.objects:
            Rest(self.plane.api()).apply(item, "pulumi")

    def secret(self, namespace: str, name: str) -> Any:
        """A Secret as it is now."""
        return kubernetes.CoreV1Api(self.plane.api()).read_namespaced_secret(name, namespace)


@pytest.fixture(scope="module")
def site(new_plane: Callable[[], contextlib.AbstractContextManager[Plane]]) -> Generator[Site]:
    """The namespaces of tracker and database, with Secrets of other people beside those of the tracker."""
    graph = tracker(cloud=False)
    needed = tuple(item for item in objects_of(graph.values()) if item["kind"] in KINDS and _is_known(item))
    with new_plane() as plane:
        core = kubernetes.CoreV1Api(plane.api())
        core.create_namespace({"metadata": {"name": "database"}})
        core.create_namespace({"metadata": {"name": "seaweedfs"}})
        site = Site(plane, needed)
        site.apply()
        for namespace, name in (("database", "platform-admin"), ("database", "other"), ("mlflow", "other")):
            body = {"metadata": {"name": name}, "stringData": {"username": "platform_admin", "password": "of it"}}
            core.create_namespaced_secret(namespace, body)
        yield site


def _is_known(item: dict[str, Any]) -> bool:
    """Leave out the Secrets whose values only a provider makes."""
    return item["kind"] != "Secret" or "stringData" not in item


@pytest.fixture
def signed_in(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Signs in as the pods of a role, as the kubelet lets them."""

    def sign_in(role: str) -> None:
        request = {"spec": {"expirationSeconds": 600}}
        core = kubernetes.CoreV1Api(site.plane.api())
        token = core.create_namespaced_service_account_token(f"mlflow-{role}", "mlflow", request).status.token
        (tmp_path / "token").write_text(token)
        (tmp_path / "ca.crt").write_bytes(site.plane.ca.read_bytes())
        monkeypatch.setenv("TRACKER_API", site.plane.server)
        monkeypatch.setenv("TRACKER_IDENTITY", str(tmp_path))

    return sign_in


def test_the_setup_fills_its_secrets_once(site: Site, signed_in: Callable[[str], None]) -> None:
    """Values get there; the second run writes nothing; what the stack applies afterwards takes nothing away."""
    signed_in("setup")
    first = tasks.filled(OWN, {"password": tasks.generated(), "username": "admin"})
    stood = site.secret("mlflow", "mlflow").metadata.resource_version
    second = tasks.filled(OWN, {"password": tasks.generated(), "username": "admin"})
    site.apply()
    found = site.secret("mlflow", "mlflow")

    assert first == second == {name: base64.b64decode(value).decode() for name, value in found.data.items()}
    assert stood == found.metadata.resource_version
    assert {"pulumi", "mlflow-setup"} == {entry.manager for entry in found.metadata.managed_fields}
    assert 40 <= len(first["password"])


def test_the_setup_reads_the_administrators_secret_and_no_more_of_the_database(
    signed_in: Callable[[str], None],
) -> None:
    """It cannot write what it only has to read, and nobody else's at all."""
    signed_in("setup")

    assert {"username": "platform_admin", "password": "of it"} == tasks.known(f"kubernetes:///{ADMIN}")
    for refused in (
        lambda: tasks.filled(f"kubernetes:///{ADMIN}", {"more": "x"}),
        lambda: tasks.known("kubernetes:///database/other"),
        lambda: tasks.known("kubernetes:///mlflow/other"),
        lambda: tasks.known("kubernetes:///mlflow/mlflow-storage"),
        lambda: tasks.known("kubernetes:///kube-system/anything"),
    ):
        with pytest.raises(SystemExit, match="the API server says 403 Forbidden"):
            refused()


@pytest.mark.parametrize("address", [OWN, SHARED, f"kubernetes:///{ADMIN}"])
def test_the_server_reads_nothing(signed_in: Callable[[str], None], address: str) -> None:
    """Its Secret comes as a folder; its account has no right, and its pods get no token anyway."""
    signed_in("server")
    with pytest.raises(SystemExit, match=re.escape(f"{address}: the API server says 403 Forbidden")):
        tasks.known(address)


@pytest.mark.parametrize("role", ["setup", "server"])
@pytest.mark.parametrize("namespace", ["mlflow", "database", "kube-system", None])
def test_nobody_lists_or_reads_secrets_in_general(site: Site, role: str, namespace: str | None) -> None:
    """All rights are by name: none holds for Secrets as a kind, in any namespace."""
    rights = [(verb, "", "secrets") for verb in SECRETS] + [("create", "", "pods"), ("get", "", "configmaps")]

    assert set() == allowed(site.plane, Subject.service_account("mlflow", f"mlflow-{role}"), rights, namespace)


def test_a_token_of_nobody_is_refused(
    signed_in: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The API server knows its own tokens."""
    signed_in("setup")
    (tmp_path / "token").write_text("invented")
    with pytest.raises(SystemExit, match="the API server says 401 Unauthorized"):
        tasks.known(OWN)
