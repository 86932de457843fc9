"""The tracker in a cluster without a cloud: secrets are Secrets, and the API server knows who may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pulumi import Output
from pulumi_kubernetes import core, rbac

from components.artifact_store.user import storage_user
from components.experiment_tracker.ground import Ground, Role
from components.experiment_tracker.pods import NAME, SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pulumi import Input, Resource

    from components.artifact_store.contract import ArtifactStoreOutputs
    from components.base import OutputsT, Place
    from components.component import Component
    from components.database.contract import DatabaseOutputs
    from components.experiment_tracker.contract import MlflowSpec

PROJECTS = f"{NAME}-projects"
STORAGE = f"{NAME}-storage"

_RBAC = "rbac.authorization.k8s.io"
_API = {
    "TRACKER_API": "https://kubernetes.default.svc",
    "TRACKER_IDENTITY": "/var/run/secrets/kubernetes.io/serviceaccount",
}
"""Where the setup finds the API server, and what it is there."""


def on_cluster(
    owner: Component[OutputsT],
    stem: str,
    spec: MlflowSpec,
    place: Place,
    namespace: Resource,
    *,
    database: DatabaseOutputs,
    artifact_store: ArtifactStoreOutputs,
) -> Ground:
    """Make empty Secrets, and the rights of the setup, which fills them; the server has its own as a folder."""
    secrets = [
        core.v1.Secret(
            f"{stem}-{name}",
            metadata={"name": name, "namespace": NAME, "labels": {"app.kubernetes.io/name": NAME}},
            opts=owner.child_with(depends_on=[namespace], protect=not place.disposable),
        )
        for name in (NAME, PROJECTS)
    ]
    storage = storage_user(
        owner,
        f"{stem}-storage",
        artifact_store,
        namespace=NAME,
        secret=STORAGE,
        reads=(),
        writes=[spec.artifact_prefix],
        depends_on=[namespace],
    )
    accounts = {role: _account(owner, stem, role, namespace) for role in ("setup", "server")}
    admin = [database.admin_secret.apply(lambda address, part=part: address.partition("/")[part]) for part in (0, 2)]
    rights = [
        *_let_setup(owner, f"{stem}-fill", NAME, [NAME, PROJECTS], ["get", "patch"], namespace),
        *_let_setup(owner, f"{stem}-administrator", admin[0], [admin[1]], ["get"], namespace),
    ]
    return Ground(
        secret=f"kubernetes:///{NAME}/{NAME}",
        secret_at_server=f"file://{SECRET}",
        projects_secret=f"kubernetes:///{NAME}/{PROJECTS}",
        admin_secret=Output.concat("kubernetes:///", database.admin_secret),
        credentials_secret=Output.from_input(f"kubernetes:///{NAME}/{PROJECTS}"),
        setup=Role(variables=_API, token=True, needed=[accounts["setup"], *secrets, *rights]),
        server=Role(
            variables={"AWS_EC2_METADATA_DISABLED": "true"},
            keys=STORAGE,
            mounted=NAME,
            needed=[accounts["server"], storage],
        ),
        callers=[],
        egress=[
            _to(database.host, database.port),
            _to(artifact_store.endpoint_inside.apply(_host), artifact_store.endpoint_inside.apply(_port)),
        ],
        egress_of_setup=[{"ports": [{"protocol": "TCP", "port": port} for port in (443, 6443)]}],
    )


def _account(owner: Component[OutputsT], stem: str, role: str, namespace: Resource) -> core.v1.ServiceAccount:
    return core.v1.ServiceAccount(
        f"{stem}-{role}",
        metadata={"name": f"{NAME}-{role}", "namespace": NAME},
        automount_service_account_token=False,
        opts=owner.child_with(depends_on=[namespace]),
    )


def _let_setup(
    owner: Component[OutputsT],
    name: str,
    where: Input[str],
    secrets: Sequence[Input[str]],
    verbs: list[str],
    namespace: Resource,
) -> list[Resource]:
    """Let the setup do something with some Secrets of a namespace, by their names, and with no other object."""
    metadata: Any = {"name": f"{NAME}-{name.rpartition('-')[2]}", "namespace": where}
    role = rbac.v1.Role(
        name,
        metadata=metadata,
        rules=[{"api_groups": [""], "resources": ["secrets"], "resource_names": [*secrets], "verbs": verbs}],
        opts=owner.child_with(depends_on=[namespace]),
    )
    binding = rbac.v1.RoleBinding(
        name,
        metadata=metadata,
        role_ref={"api_group": _RBAC, "kind": "Role", "name": metadata["name"]},
        subjects=[{"kind": "ServiceAccount", "name": f"{NAME}-setup", "namespace": NAME}],
        opts=owner.child_with(depends_on=[role]),
    )
    return [role, binding]


def _to(host: Output[str], port: Output[int]) -> Output[Any]:
    """Let out to a port: of the namespace of a Service, or of any address where the host is outside of the cluster."""
    return Output.all(host, port).apply(lambda found: _rule(*found))


def _rule(host: str, port: int) -> dict[str, Any]:
    ports = [{"protocol": "TCP", "port": port}]
    parts = host.split(".")
    if parts[2:3] != ["svc"]:
        return {"ports": ports}
    return {"to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": parts[1]}}}], "ports": ports}


def _host(endpoint: str | None) -> str:
    return _split(endpoint)[0]


def _port(endpoint: str | None) -> int:
    return _split(endpoint)[1]


def _split(endpoint: str | None) -> tuple[str, int]:
    """Return host and port of an address; HTTPS of anybody where there is no address."""
    found = urlsplit(endpoint or "https://")
    return found.hostname or "", found.port or (80 if found.scheme == "http" else 443)
